"""The SQL tables."""
