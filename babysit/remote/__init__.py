"""Workers on machines that share no disk with the server: `babysit work`."""
