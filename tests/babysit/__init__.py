"""Tests of the training side: real workers on real runs, started small."""
