"""The installed product under random faults, and an oracle that can recompute every point."""
