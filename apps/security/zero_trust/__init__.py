"""Zero trust: every REST request proves who sends it, stays within its limits, and speaks to its own shop only.

    address limit, body cap -> host's tenant -> signature -> identity -> limit -> binding -> audit -> handler

A stage is one file with one function `(request, admission) -> None` that raises its own error to refuse. `pipeline` is
their order; `stores` is where counts and nonces live; `keyring` and `rules` are what a shop has set.
"""
