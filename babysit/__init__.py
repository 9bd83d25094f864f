"""The training side: all that runs beside a model, and the words it shares with the server."""

__version__ = "0.1.0"
