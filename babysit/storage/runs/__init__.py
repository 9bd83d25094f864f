"""What a worker writes and reads of its run, wherever that is kept."""
