"""Scripts as processes: registered, launched, forked."""
