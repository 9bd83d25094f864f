"""`babysit verify`: whether SQL, journals, checkpoints and locks say the same, and all of it."""
