"""Access control: the security middleware, tokens, host names, proxies and request bodies."""
