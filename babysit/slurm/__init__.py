"""`babysit slurm`: workers as Slurm jobs, by submitit; a preempted one is requeued."""
