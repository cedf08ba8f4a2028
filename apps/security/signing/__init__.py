"""HTTP message signatures (RFC 9421) and content digests (RFC 9530), as far as requests need them.

Our own verifier over a kept parser of structured fields, because callers need to know which check failed, and because
the library that does the whole takes four times as long (docs/adr/). Pure: no database, no clock, no settings.
"""

from apps.security.signing.algorithms import Key, new_secret, readable_key
from apps.security.signing.base import Components, signature_base
from apps.security.signing.digest import digest_matches
from apps.security.signing.fields import SignatureFields, Unreadable, read_signature

__all__ = [
    "Components",
    "Key",
    "SignatureFields",
    "Unreadable",
    "digest_matches",
    "new_secret",
    "read_signature",
    "readable_key",
    "signature_base",
]
