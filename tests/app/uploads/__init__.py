"""Copies of checkpoints, as the server makes them and brings them back."""
