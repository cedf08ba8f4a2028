"""One's own account: second factors, recovery codes, sessions."""

from __future__ import annotations

from typing import Final
from uuid import UUID

import segno
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.utils.translation import gettext_lazy as _

from apps.security.identity import factors, passkeys, rules, totp
from apps.security.identity.devices import label
from apps.security.identity.pages.drawing import draw, fresh, go, person
from apps.security.identity.pages.forms import AppForm, NameForm
from apps.security.identity.services import confirmed, end_session, end_sessions, sessions_of
from apps.security.identity.sessions import SessionStore
from apps.security.models import Factor, User
from apps.security.models.identity import PASSKEY
from rustok import context
from rustok.admin import ConsoleSite
from rustok.errors import DomainError
from rustok.errors.families import NotFound

_DRAFT: Final = "enrolling"


def account_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """What one can sign in with, and where one is signed in."""
    user = _person(request)
    current = _session_id(request)
    rows = [{"row": row, "label": label(row.device), "current": row.pk == current} for row in sessions_of(user)]
    facts = {
        "factors": list(user.factors.all()),
        "codes_left": factors.codes_left(user),
        "policy": rules.second_factor(),
        "sessions": rows,
        "others": any(not row["current"] for row in rows),
    }
    return draw(site, request, "identity/account", title=_("Your account"), **facts)


@fresh
def add_app_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Scan a code, type what the app shows."""
    user, form = _person(request), AppForm(request.POST or None)
    stored = request.session.get(_DRAFT)
    draft = factors.Draft.read(stored) if form.is_bound and stored else factors.Draft.new()
    request.session[_DRAFT] = draft.stored()
    if form.is_valid():
        try:
            data = form.cleaned_data
            factor, codes = factors.add_app(user=user, draft=draft, name=data["name"], code=data["code"])
            del request.session[_DRAFT]
            return _added(site, request, factor, codes)
        except DomainError as error:
            form.refuse(error)
    uri = totp.provisioning_uri(draft.secret, issuer=_issuer(), account=user.username)
    secret = totp.base32(draft.secret)
    facts = {
        "form": form,
        "qr": segno.make(uri, error="m").svg_data_uri(scale=5, border=3, light="#fff"),
        "secret": " ".join(secret[start : start + 4] for start in range(0, len(secret), 4)),
    }
    return draw(site, request, "identity/app", title=_("Add an authenticator app"), **facts)


@fresh
def add_passkey_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Let the browser make a passkey."""
    user, form = _person(request), NameForm(request.POST or None)
    if form.is_valid():
        note, answer = request.POST.get("note", ""), request.POST.get("answer", "")
        try:
            made = passkeys.enrol(request, user, note=note, answer=answer, name=form.cleaned_data["name"])
            return _added(site, request, *made)
        except DomainError as error:
            form.refuse(error)
    ceremony = passkeys.enrolment(request, user)
    return draw(site, request, "identity/passkey", title=_("Add a passkey"), form=form, ceremony=ceremony)


@fresh
def factor_page(site: ConsoleSite, request: HttpRequest, factor_id: UUID) -> HttpResponse:
    """Another name for a factor, or its removal."""
    user = _person(request)
    factor = user.factors.filter(pk=factor_id).first()
    if factor is None:
        raise NotFound(resource=str(_("second factor")))
    form = NameForm(request.POST or None, initial={"name": factor.name})
    if form.is_valid():
        try:
            return _changed(request, user, factor, form.cleaned_data["name"])
        except DomainError as error:
            form.refuse(error)
    return draw(site, request, "identity/factor", title=factor.name, form=form, factor=factor)


@fresh
def codes_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Fresh recovery codes; the old ones stop working."""
    if request.method != "POST":
        return go("account")
    user = _person(request)
    if not user.factors.exists():
        return go("account")
    return _show_codes(site, request, factors.new_codes(user=user))


def end_session_page(_site: ConsoleSite, request: HttpRequest, session_id: UUID | None = None) -> HttpResponse:
    """End one session, or all but this one. Needs no fresh sign-in: getting rid of a thief must be easy."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    user = _person(request)
    if session_id is None:
        end_sessions(user=user, context=context.current(), but=_session_id(request))
        messages.success(request, _("All other sessions have ended."))
    elif session_id not in {row.pk for row in sessions_of(user)}:
        raise NotFound(resource=str(_("session")))
    else:
        end_session(session_id=session_id, context=context.current())
        messages.success(request, _("The session has ended."))
    return go("account")


def _changed(request: HttpRequest, user: User, factor: Factor, name: str) -> HttpResponse:
    if request.POST.get("act") == "remove":
        factors.remove(user=user, factor_id=factor.pk)
        messages.success(request, _("%(name)s was removed.") % {"name": factor.name})
    else:
        factors.rename(user=user, factor_id=factor.pk, name=name)
        messages.success(request, _("The name was changed."))
    return go("account")


def _added(site: ConsoleSite, request: HttpRequest, factor: Factor, codes: tuple[str, ...]) -> HttpResponse:
    confirmed(request, strong=True)
    kind = _("The passkey was added.") if factor.kind == PASSKEY else _("The authenticator app was added.")
    messages.success(request, kind)
    return _show_codes(site, request, codes) if codes else go("account")


def _show_codes(site: ConsoleSite, request: HttpRequest, codes: tuple[str, ...]) -> HttpResponse:
    response = draw(site, request, "identity/codes", title=_("Recovery codes"), codes=codes)
    response["Cache-Control"] = "no-store"
    return response


def _person(request: HttpRequest) -> User:
    user = person(request)
    if user is None:
        raise NotFound(resource=str(_("account")))
    return user


def _session_id(request: HttpRequest) -> UUID | None:
    return request.session.id if isinstance(request.session, SessionStore) else None


def _issuer() -> str:
    tenant = context.current().tenant
    return f"RusToK {tenant.slug}" if tenant is not None else "RusToK"
