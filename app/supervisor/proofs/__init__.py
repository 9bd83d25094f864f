"""Proofs: a process repeats recorded steps of a run, so that its exactness is known."""
