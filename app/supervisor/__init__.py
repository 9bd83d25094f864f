"""Starts workers, finds out what became of them, and reads what they say into the store."""
