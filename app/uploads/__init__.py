"""Copies of checkpoints in object storage: which there are, and which are still to be made."""
