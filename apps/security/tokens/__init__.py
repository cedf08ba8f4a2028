"""Service tokens: an API key, or a person, becomes a session of short-lived signed access tokens.

    exchange -> access token (JWT, minutes) + refresh token (opaque, days) -> refresh -> ... -> revoke

`signing` makes and reads access tokens, `refreshing` the refresh tokens, `grants` is the arithmetic of permissions,
`standing` says in one statement whether a family and its parent are still good, `services` writes.
"""
