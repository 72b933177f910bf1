"""One module per data set layout, and the pieces that several layouts share.

A reader yields `SourceVideo`s. Decoding of frames and masks belongs to the folders beside this one.
"""
