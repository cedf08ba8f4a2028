"""The two admin sites. Both answer at `/admin/`, each on its own hosts, so the URL names are the same on both."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from django.conf import settings
from django.contrib.auth.forms import PasswordChangeForm
from django.contrib.auth.views import PasswordChangeView
from django.core.exceptions import PermissionDenied as Forbidden
from django.core.exceptions import SuspiciousOperation
from django.core.paginator import InvalidPage
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseNotAllowed, HttpResponseRedirect
from django.http.response import HttpResponseBase
from django.urls import URLPattern, path, reverse
from django.utils.decorators import method_decorator
from django.utils.http import url_has_allowed_host_and_scheme
from django.utils.text import capfirst
from django.utils.translation import gettext_lazy as _
from django.views.decorators.cache import never_cache

from rustok import context
from rustok.admin import navigation
from rustok.admin.model_admin import ConsoleModelAdmin
from rustok.errors import DomainError
from rustok.errors.families import PermissionDenied
from rustok.operations import PUBLIC, Criticality, Operation
from rustok.ports import gate

if TYPE_CHECKING:  # Unfold ships no types; its class has the shape of Django's
    from django.contrib.admin import AdminSite as UnfoldAdminSite
else:
    from unfold.sites import UnfoldAdminSite

_YEAR = 365 * 24 * 3600


class ConsoleSite(UnfoldAdminSite):
    """One console. `platform` says whose: the operators' or a tenant's staff's."""

    platform = False
    enable_nav_sidebar = True

    def __init__(self, *, platform: bool) -> None:
        """Use the same URL names on both sides: a host has one console only."""
        super().__init__(name="admin")
        self.platform = platform
        self.sign_in_page: Callable[[HttpRequest, dict[str, Any] | None], HttpResponse] | None = None
        self.prove_first: Callable[[HttpRequest], HttpResponse | None] = lambda _request: None
        self._pages: list[URLPattern] = []
        self._links: list[navigation.PageLink] = []

    def add_pages(self, *pages: URLPattern) -> None:
        """Serve pages that belong to no model. Called while apps register, before the URL map is read."""
        self._pages.extend(pages)

    def add_link(self, link: navigation.PageLink) -> None:
        """Show a page that belongs to no model in the sidebar."""
        self._links.append(link)

    def has_permission(self, request: HttpRequest) -> bool:
        """A signed-in person of this side: the scope must be the site's, and the account must be allowed in."""
        here = context.current()
        in_scope = here.platform if self.platform else here.tenant is not None
        return in_scope and bool(request.user.is_active and request.user.is_staff)

    def extra_urls(self) -> list[URLPattern]:
        """The language switch, which works before login too, and what apps have added."""
        return [path("language/", self.set_language, name="language"), *self._pages]

    def get_urls(self) -> list[Any]:
        """Unfold's and Django's, without "view on site": it looks into any table and asks nobody's permission."""
        return [url for url in super().get_urls() if getattr(url, "name", None) != "view_on_site"]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Django's guard; what somebody may not do here is in the audit log, as it is for programs.

        A query that holds what no column can hold is refused before anything asks with it.
        """
        guarded = super().admin_view(view, cacheable)

        @wraps(guarded)
        def checked(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if any("\x00" in text for name, given in request.GET.lists() for text in (name, *given)):
                raise SuspiciousOperation("NUL in a query")
            try:
                return guarded(request, *args, **kwargs)
            except Forbidden:
                note_refusal(request, PermissionDenied(permission="console:use"))
                raise

        return checked

    def search(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> Any:
        """Unfold's, which knows no wrong page."""
        unfold: Any = super()  # the stubs know Django's site only
        try:
            return unfold.search(request, extra_context)
        except (InvalidPage, ValueError):
            raise Http404 from None

    @method_decorator(never_cache)
    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The door: the page that `apps.security` put here, or Django's own."""
        if self.sign_in_page is None:
            return super().login(request, extra_context)
        return self.sign_in_page(request, extra_context)

    def set_language(self, request: HttpRequest) -> HttpResponse:
        """Remember the chosen language in a cookie and go back to where the person was, on this host only."""
        if request.method != "POST":
            return HttpResponseNotAllowed(["POST"])
        here = reverse("admin:index")
        wanted = request.POST.get("next") or _page_before(request) or here
        safe = url_has_allowed_host_and_scheme(wanted, allowed_hosts=None)
        response = HttpResponseRedirect(wanted if safe else here)
        code = request.POST.get("language", "")
        if code in dict(settings.LANGUAGES):
            response.set_cookie(
                settings.LANGUAGE_COOKIE_NAME,
                code,
                max_age=_YEAR,
                samesite="Lax",
                secure=settings.SESSION_COOKIE_SECURE,
            )
        return response

    def password_change(  # type: ignore[override]  # the stubs promise a TemplateResponse even for the redirect
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponseBase:
        """The person's own password, by the form that `apps.security` put here (it calls the service)."""
        view = PasswordChangeView.as_view(
            form_class=self.password_change_form or PasswordChangeForm,
            success_url=reverse("admin:password_change_done"),
            template_name="console/password.html",
            extra_context={**self.each_context(request), "title": _("Change password"), **(extra_context or {})},
        )
        return view(request)

    def get_sidebar_list(self, request: HttpRequest) -> list[dict[str, Any]]:
        """The dashboard and every registered page that the person may see."""
        home = reverse("admin:index")
        first = navigation.entry(title=_("Dashboard"), link=home, icon="space_dashboard", active=request.path == home)
        return [{"title": None, "items": [first]}, *navigation.groups(self._entries(request))]

    def _entries(self, request: HttpRequest) -> list[tuple[navigation.Section, int, dict[str, Any]]]:
        found = []
        for page in self._registry.values():
            if not isinstance(page, ConsoleModelAdmin) or not page.in_sidebar or not page.has_view_permission(request):
                continue
            link = page.address_of(None)
            item = navigation.entry(
                title=capfirst(str(page.title)), link=link, icon=page.icon, active=request.path.startswith(link)
            )
            found.append((page.section, page.position, item))
        for shown in self._links:
            if context.current().allows(shown.permission):
                found.append((shown.section, shown.position, shown.entry(request.path)))
        return found

    def get_log_entries(self, request: HttpRequest) -> Any:
        """No log of its own: the audit log has a page."""
        return ()


def _page_before(request: HttpRequest) -> str:
    """The path in `Referer`; empty where there is none, or what is no address."""
    try:
        return urlsplit(request.headers.get("Referer", "")).path
    except ValueError:
        return ""


def note_refusal(request: HttpRequest, error: DomainError) -> None:
    """Have a refusal that a page shows in the audit log, under the page's name; equal ones are counted."""
    match, writes = request.resolver_match, request.method == "POST"
    page = Operation(f"console.{match.url_name if match else ''}", "console", PUBLIC, Criticality.HIGH, writes)
    gate().refused(request, page, error)


platform_site = ConsoleSite(platform=True)
tenant_site = ConsoleSite(platform=False)
