"""Signing in: name and password, a passkey, the second factor; and proving once more who one is."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.utils.translation import gettext_lazy as _

from apps.security.identity import passkeys, rules
from apps.security.identity.devices import remember_device
from apps.security.identity.errors import PasskeyRefused
from apps.security.identity.factors import prove_code
from apps.security.identity.pages.drawing import draw, go, goal_of, person
from apps.security.identity.pages.forms import CodeForm, IdentityForm, PasswordAgainForm, SignInForm
from apps.security.identity.services import (
    complete,
    confirmed,
    enter,
    pending_user,
    prove_password,
    recheck_password,
)
from apps.security.models import User
from apps.security.models.identity import PASSKEY
from rustok.admin import ConsoleSite, note_refusal
from rustok.errors import DomainError


def sign_in_page(site: ConsoleSite, request: HttpRequest, extra: dict[str, Any] | None = None) -> HttpResponse:
    """The door of the console."""
    if request.method == "GET" and site.has_permission(request):
        return HttpResponseRedirect(goal_of(request))
    form = SignInForm(request.POST or None)
    if form.is_valid():
        data = form.cleaned_data
        try:
            user = prove_password(request=request, username=data["username"], password=data["password"])
            return _entered(request, enter(request, user, method="password", next_url=goal_of(request)))
        except DomainError as error:
            form.refuse(error)
    return _door(site, request, form, **(extra or {}))


def passkey_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Sign in by a passkey alone: it proves possession, and checks its owner by itself (finger, face, PIN)."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    form = SignInForm()
    try:
        user = _by_passkey(request)
        return _entered(request, enter(request, user, method=PASSKEY, strong=True, next_url=goal_of(request)))
    except DomainError as error:
        form.error = error
    return _door(site, request, form)


def second_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """The second factor of somebody whose password was right."""
    held = pending_user(request)
    if held is None:
        return go("login")
    form = CodeForm(request.POST if "code" in request.POST else None)
    by = _proved(request, held[0], form)
    if by:
        return _entered(request, complete(request, by=by))
    ceremony = passkeys.challenge(request, held[0]) if passkeys.has_passkey(held[0], request) else None
    facts = {"form": form, "ceremony": ceremony, "person": held[0], "next": goal_of(request)}
    return draw(site, request, "identity/second", title=_("Second factor"), **facts)


def confirm_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Prove once more who one is: by a second factor where there is one, else by the password."""
    user, goal = person(request), goal_of(request, "admin:account")
    if user is None:
        return go("index")
    by_factor = rules.second_factor() != rules.OFF and user.factors.exists()
    form: IdentityForm = (CodeForm if by_factor else PasswordAgainForm)(request.POST or None)
    if _proved(request, user, form) if by_factor else _password_proved(user, form):
        confirmed(request, strong=by_factor)
        return HttpResponseRedirect(goal)
    usable = by_factor and passkeys.has_passkey(user, request)
    ceremony = passkeys.challenge(request, user) if usable else None
    facts = {
        "form": form,
        "ceremony": ceremony,
        "next": goal,
        "stuck": not by_factor and not user.has_usable_password(),
    }
    return draw(site, request, "identity/confirm", title=_("Confirm that it is you"), **facts)


def _door(site: ConsoleSite, request: HttpRequest, form: SignInForm, **extra: Any) -> HttpResponse:
    ceremony = passkeys.challenge(request) if rules.second_factor() != rules.OFF else None
    facts = {"form": form, "ceremony": ceremony, "next": goal_of(request), **extra}
    return draw(site, request, "admin/login", title=_("Sign in"), **facts)


def _entered(request: HttpRequest, location: str) -> HttpResponse:
    response = HttpResponseRedirect(location)
    if isinstance(request.user, User):
        remember_device(response, request.user)
    return response


def _proved(request: HttpRequest, user: User, form: IdentityForm) -> str:
    """By what the person has just proved who it is, or "" with the reason in the form."""
    if request.method != "POST":
        return ""
    try:
        if "answer" in request.POST:
            _by_passkey(request, user)
            return PASSKEY
        return prove_code(user=user, code=form.cleaned_data["code"]) if form.is_valid() else ""
    except DomainError as error:
        if form.is_bound:
            form.refuse(error)
        form.error = error
        return ""


def _password_proved(user: User, form: IdentityForm) -> bool:
    if not form.is_valid():
        return False
    try:
        right = recheck_password(user=user, password=form.cleaned_data["password"])
    except DomainError as error:
        form.refuse(error)
        return False
    if not right:
        form.add_error("password", _("This is not your password."))
    return right


def _by_passkey(request: HttpRequest, user: User | None = None) -> User:
    note, answer = request.POST.get("note", ""), request.POST.get("answer", "")
    try:
        return passkeys.prove(request, note=note, answer=answer, user=user)
    except PasskeyRefused as error:
        note_refusal(request, error)
        raise
