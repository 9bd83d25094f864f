"""Trainings of people's own: what `babysit.attach` gives to a script."""
