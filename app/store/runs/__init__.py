"""Runs in SQL: creation, commands, checkpoints, and the projection of their events."""
