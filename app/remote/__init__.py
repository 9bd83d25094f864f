"""What the server knows of workers on other machines: who may write what, and who is there."""
