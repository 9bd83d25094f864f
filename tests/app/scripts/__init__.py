"""Runs of people's own scripts, seen from the server."""
