"""Who may do what, and who did: users, API keys, roles, audit."""
