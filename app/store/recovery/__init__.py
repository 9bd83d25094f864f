"""SQL and journals after a crash: integrity, reconciliation, rebuild."""
