"""REST: where people are signed in and by what, the same on both hosts. A person comes with a token of their own."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.utils.translation import gettext_lazy as _

from apps.security.api.account_shapes import FactorOut, RemoveFactorBody, SessionOut, factor_out, session_out
from apps.security.errors import GrantExceeded
from apps.security.identity.errors import SecondFactorNeeded, SecondFactorRefused, SignInLocked
from apps.security.identity.factors import remove_by_program
from apps.security.identity.queries import console_sessions, get_factor, get_session, second_factors
from apps.security.identity.services import end_own_sessions, end_session
from rustok.api import Call, Endpoint, Page, PageQuery, Query, operation, paginate
from rustok.operations import Criticality


class SessionCollection(Endpoint):
    """Sessions of the console of this host."""

    @operation(
        "sessions.list",
        permission="session:read",
        own=True,
        criticality=Criticality.LOW,
        answer=Page[SessionOut],
        summary=_("List console sessions"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """Those that go on, newest first: one's own, or everybody's for who may see them."""
        return paginate(console_sessions(), call, to_dict=session_out)

    @operation(
        "sessions.end_own",
        permission="session:delete",
        own=True,
        criticality=Criticality.HIGH,
        summary=_("End one's own console sessions"),
    )
    def delete(self, call: Call[None, Query]) -> None:
        """All of the caller's, nobody else's. Tokens go on; `/api/v1/tokens/` ends those."""
        end_own_sessions(context=call.context)


class SessionItem(Endpoint):
    """One session."""

    @operation(
        "sessions.end",
        permission="session:delete",
        own=True,
        criticality=Criticality.HIGH,
        summary=_("End a console session"),
    )
    def delete(self, call: Call[None, Query], *, id: UUID) -> None:
        """With the browser's next request."""
        row = call.ensure(get_session(session_id=id))
        end_session(session_id=row.pk, context=call.context)


class FactorCollection(Endpoint):
    """Second factors."""

    @operation(
        "factors.list",
        permission="factor:read",
        own=True,
        criticality=Criticality.LOW,
        answer=Page[FactorOut],
        summary=_("List second factors"),
    )
    def get(self, call: Call[None, PageQuery]) -> dict[str, Any]:
        """Newest first: one's own, or everybody's for who may see them."""
        return paginate(second_factors(), call, to_dict=factor_out)


class FactorRemoval(Endpoint):
    """A factor that goes."""

    @operation(
        "factors.remove",
        permission="factor:delete",
        own=True,
        criticality=Criticality.HIGH,
        body=RemoveFactorBody,
        errors=(SecondFactorRefused, SignInLocked, SecondFactorNeeded, GrantExceeded),
        fails_closed=True,
        summary=_("Remove a second factor"),
        example={"code": "492039"},
    )
    def post(self, call: Call[RemoveFactorBody, Query], *, id: UUID) -> None:
        """One's own takes a code, as the console does; somebody else's takes every permission of that person."""
        factor = call.ensure(get_factor(factor_id=id))
        remove_by_program(factor=factor, code=call.body.code, context=call.context)
