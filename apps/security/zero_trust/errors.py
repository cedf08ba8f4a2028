"""What the pipeline refuses, 114x to 115x, one error per stage and reason."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import AuthError, Kind, Severity, SystemFault


class SignatureRequired(AuthError):
    """The shop wants every request signed, and this one is not."""

    code = 1140
    title = _("Signature required")
    message = _("This shop accepts signed requests only (RFC 9421).")


class SignatureMalformed(AuthError):
    """The signature fields cannot be read, or use something that is not supported here."""

    code = 1141
    title = _("Malformed signature")
    message = _("The signature cannot be read: %(reason)s.")


class SignatureIncomplete(AuthError):
    """The signature leaves out something that it must cover."""

    code = 1142
    title = _("Incomplete signature")
    message = _("The signature does not cover %(missing)s.")


class SignatureStale(AuthError):
    """The signature is older than is accepted, or past its own end."""

    code = 1143
    title = _("Signature too old")
    message = _("The signature is too old. Sign the request again.")


class SignatureFromFuture(AuthError):
    """The signature was made later than now."""

    code = 1144
    title = _("Signature from the future")
    message = _("The signature claims to be made in the future. Check the clock.")


class SignatureInvalid(AuthError):
    """The signature does not fit, or nobody has such a key: told apart to nobody."""

    code = 1145
    title = _("Invalid signature")
    message = _("The signature does not fit the request.")


class SignatureAlgorithmMismatch(AuthError):
    """The signature names another algorithm than its key was made for."""

    code = 1146
    title = _("Wrong signature algorithm")
    message = _("The key was made for another algorithm than the signature names.")


class SignatureKeyRevoked(AuthError):
    """The signature fits, but its key is revoked or expired. Only its holder learns that."""

    code = 1147
    title = _("Signing key not in force")
    message = _("The signing key was revoked or has expired.")


class DigestMismatch(AuthError):
    """The body is not the one whose digest was signed."""

    code = 1148
    title = _("Digest mismatch")
    message = _("The body does not match its Content-Digest.")


class SignatureReplayed(AuthError):
    """The nonce was used before with this key."""

    code = 1149
    title = _("Signature replayed")
    message = _("A request with this nonce was received before.")


class RateLimited(AuthError):
    """The credential, its shop or the route has used up its allowance."""

    code = 1150
    kind = Kind.RATE_LIMITED
    retryable = True
    title = _("Too many requests")
    message = _("The limit %(limit)s is used up. Try again in %(seconds)s s.")


class TenantMismatch(AuthError):
    """A good credential, but of another shop than the one addressed."""

    code = 1151
    title = _("Credential of another shop")
    message = _("This credential belongs to another shop.")


class AddressLimited(AuthError):
    """One address sends more than a process is willing to look at."""

    code = 1152
    kind = Kind.RATE_LIMITED
    severity = Severity.INFO
    retryable = True
    title = _("Too many requests from one address")
    message = _("Too many requests from this address.")


class TrustStoreUnavailable(SystemFault):
    """Limits or nonces cannot be checked, and the operation does not run unchecked."""

    code = 5401
    kind = Kind.UNAVAILABLE
    retryable = True
    title = _("Check unavailable")
    message = _("The request cannot be checked at the moment. Try again shortly.")
