"""What is looked at beside a script's loop: exactness, the guard, evaluation."""
