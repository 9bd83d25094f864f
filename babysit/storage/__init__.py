"""Durable files: append-only journals, locks, checked reading. Never imports torch."""
