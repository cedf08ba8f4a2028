"""Visits of operators: started on the platform's console, entered and ended on the shop's."""

from __future__ import annotations

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed
from django.urls import reverse
from django.utils.http import urlencode
from django.utils.translation import gettext_lazy as _

from apps.security.identity import visits
from apps.security.identity.errors import VisitRefused
from apps.security.identity.pages.drawing import draw, fresh, go, person
from apps.security.identity.pages.forms import IdentityForm, VisitForm
from apps.security.identity.visitors import visitor_of
from rustok import context
from rustok.admin import ConsoleSite, note_refusal
from rustok.config import config
from rustok.errors import DomainError
from rustok.errors.families import NotFound
from rustok.policy import require


@fresh
def start_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """Say where to and why; then follow the link, once."""
    user, here = person(request), context.current()
    if user is None or not here.platform:
        raise NotFound(resource="page")
    require(here, visits.START)
    form = VisitForm(request.POST or None)
    if form.is_valid():
        try:
            wanted = visits.StartVisit(**form.cleaned_data)
            visit, ticket = visits.start_visit(input=wanted, operator_id=user.pk, context=here)
        except DomainError as error:
            form.refuse(error)
        else:
            host = config().public_url(f"{visit.tenant_slug}.{config().base_domain}")
            link = f"{host}{reverse('admin:visit')}?{urlencode({'ticket': ticket})}"
            page = draw(site, request, "identity/visit_link", title=_("The door is open"), visit=visit, link=link)
            page["Referrer-Policy"] = "same-origin"  # the ticket goes nowhere else
            return page
    return draw(site, request, "identity/visit_start", title=_("Enter a shop"), form=form)


def visit_page(site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """The shop's side of the link: nothing happens before the button is pressed."""
    if context.current().tenant is None:
        raise NotFound(resource="page")
    form = IdentityForm(request.POST or None)
    if request.method == "POST":
        try:
            visits.enter_visit(request, ticket=request.POST.get("ticket", "")[:100])
            return go("index")
        except VisitRefused as error:
            note_refusal(request, error)
            form.refuse(error)
    ticket = request.GET.get("ticket", "")[:100]
    page = draw(site, request, "identity/visit_enter", title=_("Enter this shop"), form=form, ticket=ticket)
    page["Referrer-Policy"] = "same-origin"  # the ticket goes nowhere else
    return page


def end_visit_page(_site: ConsoleSite, request: HttpRequest) -> HttpResponse:
    """The visitor leaves before the time is over."""
    if request.method != "POST":
        return HttpResponseNotAllowed(["POST"])
    visitor = visitor_of(request)
    if visitor is not None:
        visits.end_visit(visit_id=visitor.visit.pk, context=context.current())
        request.session.flush()
        messages.success(request, _("The visit has ended."))
    return go("login")
