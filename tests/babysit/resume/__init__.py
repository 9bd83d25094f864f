"""Tests of exact resume."""
