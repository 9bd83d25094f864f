"""What a worker does again after a crash or in a replay, and the proof that it came out the
same.
"""
