"""Tests of the search: what is drawn, and what follows from results. Nothing is trained here."""
