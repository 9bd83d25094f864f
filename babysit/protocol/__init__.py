"""What server and worker say to each other: commands, events, hyperparameters, recipes. Never
imports torch.
"""
