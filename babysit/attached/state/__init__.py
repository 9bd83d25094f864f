"""The state of a script's training: how it is captured between two turns, and put back."""
