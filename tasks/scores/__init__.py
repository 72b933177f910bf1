"""J, F and T of one video as tables, and their means over videos.

The metrics themselves are in `maskrnn_core/metrics`.
"""
