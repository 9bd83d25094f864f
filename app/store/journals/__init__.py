"""The server's own journals, and cursors over those of the workers."""
