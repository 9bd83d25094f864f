"""Workers on a Ray cluster: each attempt of a run is a named actor."""
