"""Readers of video object segmentation datasets; `storage.datasets.catalog` opens them by name."""
