"""Workers on a Ray cluster, which a process of its own speaks to."""
