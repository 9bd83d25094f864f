"""The training itself: task, data, optimizer, schedule, checkpoints."""
