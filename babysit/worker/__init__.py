"""The worker process: the training loop, the execution of commands, the recorder."""
