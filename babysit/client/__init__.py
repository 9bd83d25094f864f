"""Looks at runs and steers them through a server, with the standard library: `babysit.Client`."""

from babysit.client.answer import Answer
from babysit.client.client import Client
from babysit.client.connection import BabysitError, NoServer, Refused
from babysit.client.run import Run

__all__ = ["Answer", "BabysitError", "Client", "NoServer", "Refused", "Run"]
