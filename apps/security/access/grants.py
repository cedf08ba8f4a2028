"""What may be written down as a grant, and handed on by whom."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from django.utils.translation import gettext_lazy as _

from apps.security.errors import GrantExceeded
from rustok.context import ExecutionContext
from rustok.errors import FieldError
from rustok.errors.families import InvalidInput
from rustok.grants import ANY, Grant, lacking
from rustok.policy import resource


def checked_grants(
    texts: Sequence[str], context: ExecutionContext, *, member: str = "permissions", known: bool = False
) -> list[str]:
    """The grants in their normal form, each once, sorted; the context must hold all that they give.

    Raises InvalidInput (none at all, no grant, with `known` a thing or action that nobody asks for) and GrantExceeded.
    """
    if not texts:
        raise invalid(f"/{member}", "too_short", _("Name at least one permission."))
    for index, text in enumerate(texts):
        try:
            grant = Grant.parse(text)
        except ValueError:
            message = _("Write permissions as resource:action.")
            raise invalid(f"/{member}/{index}", "permission", message) from None
        if known and not _is_known(grant):
            raise invalid(f"/{member}/{index}", "unknown", _("Nothing here asks for this permission."))
    check_held(texts, context)
    return sorted({str(Grant.parse(text)) for text in texts})


def check_held(grants: Iterable[str], context: ExecutionContext) -> None:
    """Raise GrantExceeded when the grants give more than the context has."""
    for text in lacking(context.permissions, grants):
        raise GrantExceeded(permission=text)


def invalid(pointer: str, code: str, message: object) -> InvalidInput:
    """The refusal of one place of the input."""
    return InvalidInput(errors=(FieldError(pointer, code, str(message)),))


def _is_known(grant: Grant) -> bool:
    kind = resource(grant.resource)
    return grant.resource == ANY or (kind is not None and kind.knows(grant.action))
