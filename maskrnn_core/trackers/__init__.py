"""Trackers of other packages in place of the method of this one: interface, choice, adapter.

Finding the packages is not done here but in `tasks.inputs.trackers`.
"""
