"""Curves in SQL: chunks, reading, downsampling."""
