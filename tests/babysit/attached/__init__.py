"""Scripts of people's own, run as the product runs them."""
