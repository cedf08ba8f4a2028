"""Signing in operators by an OpenID provider (OpenID Connect Core 1.0, code flow with PKCE).

`provider` is what the configuration says, `outbound` talks to it within bounds, `discovery` remembers its metadata and
keys, `idtokens` judges its answers, `flow` leads the browser there and back, `people` finds or makes the operator,
`pages` are the two addresses on the platform's console.
"""
