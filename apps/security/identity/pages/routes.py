"""The addresses of these pages, on both consoles."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

from django.http.response import HttpResponseBase
from django.urls import URLPattern, path
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_protect

from apps.security.identity.pages import account, signing_in, visiting
from apps.security.identity.pages.drawing import unproven
from rustok.admin import ConsoleSite


def add_pages(site: ConsoleSite) -> None:
    """Serve the pages on a console, its door by ours, and who must prove first who it is by ours too."""
    site.sign_in_page = partial(signing_in.sign_in_page, site)
    site.prove_first = unproven
    site.add_pages(*_open_pages(site), *_own_pages(site))


def _open_pages(site: ConsoleSite) -> list[URLPattern]:
    """Pages of people who are not signed in yet."""

    def page(view: Callable[..., HttpResponseBase]) -> Any:
        return never_cache(csrf_protect(partial(view, site)))

    return [
        path("login/passkey/", page(signing_in.passkey_page), name="passkey_sign_in"),
        path("login/second/", page(signing_in.second_page), name="second_step"),
        path("visit/", page(visiting.visit_page), name="visit"),
    ]


def _own_pages(site: ConsoleSite) -> list[URLPattern]:
    def page(view: Callable[..., HttpResponseBase]) -> Any:
        return site.admin_view(partial(view, site))

    return [
        path("account/", page(account.account_page), name="account"),
        path("account/confirm/", page(signing_in.confirm_page), name="confirm"),
        path("account/app/", page(account.add_app_page), name="account_app"),
        path("account/passkey/", page(account.add_passkey_page), name="account_passkey"),
        path("account/codes/", page(account.codes_page), name="account_codes"),
        path("account/factors/<uuid:factor_id>/", page(account.factor_page), name="account_factor"),
        path("account/sessions/end/", page(account.end_session_page), name="account_end_others"),
        path("account/sessions/<uuid:session_id>/end/", page(account.end_session_page), name="account_end"),
        path("visit/end/", page(visiting.end_visit_page), name="visit_end"),
    ]
