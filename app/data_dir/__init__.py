"""The data directory as a whole: its lock, the file that names its server, its rebuild."""
