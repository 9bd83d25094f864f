"""Tests of workers on machines that share no disk with the server."""
