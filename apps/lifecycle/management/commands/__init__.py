"""`tenant`, `fleet`, and Django's migration commands on the shared schema."""
