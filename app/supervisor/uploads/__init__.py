"""Copies checkpoints to object storage behind the training."""
