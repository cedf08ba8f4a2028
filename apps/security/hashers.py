"""How passwords are stored."""

from django.contrib.auth.hashers import Argon2PasswordHasher


class Argon2id(Argon2PasswordHasher):
    """Argon2id with 19 MiB, two passes, one lane (OWASP Password Storage Cheat Sheet; RFC 9106).

    Django's defaults take 100 MiB and eight lanes per sign-in: 0.3 s of CPU here, and a few parallel sign-ins fill the
    memory of a small server.
    """

    time_cost = 2
    memory_cost = 19_456
    parallelism = 1
