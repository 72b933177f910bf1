"""Reads what a run is given: data sets, presets with overrides, flow estimators, weights, parents.

Turns names and paths into checked values. Computation belongs to `units`.
"""
