"""Runs that repeat a recipe: what is read of it, and the rows that they begin with."""
