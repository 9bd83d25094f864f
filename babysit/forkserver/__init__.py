"""The fork server: loads torch once and forks a process for each worker."""
