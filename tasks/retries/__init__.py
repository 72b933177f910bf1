"""Decides which errors are transient, and how often and how soon to retry."""
