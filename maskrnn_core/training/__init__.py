"""Offline training of the parent network and online finetuning (sections 3.4 and 4)."""
