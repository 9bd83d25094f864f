"""Recipes: all that a run was made of, as YAML that can be read and replayed."""
