"""Optical flow: estimators, streaming over a video, consistency and pictures."""
