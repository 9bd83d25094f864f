"""Searches: which values to try next, which trials to end early, what the results say.

Pure: no SQL, no HTTP, no clock. Everything follows from what was asked and what the trials gave.
"""
