"""The routes, by noun: types check the input, one call to the store, a typed answer."""
