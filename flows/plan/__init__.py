"""Holds the parameters of a run, what they resolve to, and the checks before it starts.

Nothing here starts a worker or a server.
"""
