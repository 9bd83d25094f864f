"""Tests of the tasks that come with Babysit."""
