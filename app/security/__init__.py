"""Who may do what: the security middleware, tokens, hosts, proxies, checked request bodies."""
