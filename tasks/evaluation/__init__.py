"""Evaluation of predictions that somebody made, against a data set; no store, no flow."""
