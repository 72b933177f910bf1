"""Samples of training: read from videos, varied at random, dreamed, and put into batches."""
