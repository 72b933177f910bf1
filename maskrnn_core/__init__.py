"""MaskRNN: networks, optical flow, training, recurrent inference and metrics.

The package knows arrays only: no paths, no store, no orchestration.
"""
