"""Tests of the routes and the event stream."""
