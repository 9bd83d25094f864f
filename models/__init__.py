"""The tasks that come with Babysit, one file each; Babysit loads them by file, as it does yours."""
