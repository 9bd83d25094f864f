"""What touches the code of a task: looks at it, sets values in it, keeps its state."""
