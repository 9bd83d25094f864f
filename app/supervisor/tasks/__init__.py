"""The task files: found, described in a process of their own, remembered."""
