"""Tests of `babysit verify`."""
