"""Tests of the web side: real servers, real SQLite files, a real PostgreSQL, real workers."""
