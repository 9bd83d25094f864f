"""What the adapters of frameworks share: a framework makes the loop, Babysit sees its turns."""
