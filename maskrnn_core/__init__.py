"""MaskRNN: networks, optical flow, training, recurrent inference and metrics.

The package knows arrays only: no store, no orchestration, and no paths but in `interface`.
"""
