"""Searches in SQL: creation, sampling of trials, and the projection of their records."""
