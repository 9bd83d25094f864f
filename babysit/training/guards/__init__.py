"""What notices a training that goes wrong: NaN, divergence, and the way back."""
