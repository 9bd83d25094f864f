"""What a run is asked for: its task or script, its options, its files."""
