"""Readers of video object segmentation datasets; `readers.catalog` opens them by name."""
