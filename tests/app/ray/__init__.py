"""Runs on a Ray cluster of two nodes."""
