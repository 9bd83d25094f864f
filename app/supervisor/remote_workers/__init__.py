"""Workers on other machines: a command starts each, a lease says whether it is there."""
