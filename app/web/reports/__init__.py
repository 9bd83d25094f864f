"""A run as a document: Markdown and HTML."""
