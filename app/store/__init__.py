"""The only SQL: what the journals say, ready to be asked for."""
