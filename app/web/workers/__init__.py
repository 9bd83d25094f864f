"""Workers on other machines: their own routes, and where they are."""
