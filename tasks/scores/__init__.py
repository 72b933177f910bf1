"""Figures of results as tables: J, F and T per video and their means, and those of optical flow.

The metrics themselves are in `maskrnn_core/metrics`; what is written of them, in `reporting`.
"""
