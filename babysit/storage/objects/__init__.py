"""Copies of checkpoints in object storage: S3, Google Cloud, Azure, or another folder."""
