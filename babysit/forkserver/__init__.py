"""The fork server: imports torch once and forks a process for each worker."""
