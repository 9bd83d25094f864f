"""Tests of `babysit doctor`."""
