"""Tests of what is made for scripts of people's own."""
