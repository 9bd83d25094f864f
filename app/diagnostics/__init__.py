"""`babysit doctor`: facts about this machine and the settings, and what follows from them."""
