"""The messages between server and worker: commands, events, hyperparameters, recipes.

It never imports torch.
"""
