"""What can be changed in a script's training."""
