"""Several processes that train one network: the first decides, and all do it at the same step."""
