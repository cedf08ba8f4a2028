"""From the Host header to a tenant: normalisation, believed proxies, the cached directory."""
