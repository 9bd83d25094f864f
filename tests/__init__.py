"""Tests of Babysit; each folder is explained in CONTRIBUTING.md."""
