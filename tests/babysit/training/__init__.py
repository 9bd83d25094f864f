"""Tests of the training maths and checkpoints."""
