"""What a script logs, and the numbers behind it."""
