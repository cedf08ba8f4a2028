"""Visiting a console as a signed-in person, without a browser: pages as HTML, commands as POST."""

from __future__ import annotations

from typing import Any

from django.test import Client
from django.urls import reverse

from apps.security.services import create_user
from rustok.context import TenantRef, current

PASSWORD = "a-long-enough-password"
_URLS = {True: "rustok.urls.platform", False: "rustok.urls.tenant"}


class Visitor:
    """One person with a session on one host. Made in the scope of that host."""

    def __init__(self, role: str, tenant: TenantRef | None = None, **options: Any) -> None:
        """Create the person with this role and sign in."""
        host = "localhost" if tenant is None else f"{tenant.slug}.localhost"
        self.urls = _URLS[tenant is None]
        self.client = Client(headers={"host": host, "accept": "text/html"}, **options)
        self.user = create_user(username=f"{role}-visitor", password=PASSWORD, role=role, context=current())
        self.client.force_login(self.user)

    def prove(self) -> None:
        """Confirm by the password who it is, as for what changes how people sign in."""
        self.client.post(self.address("confirm"), {"password": PASSWORD})

    def get(self, path: str) -> Any:
        """A page of the console, by its path or the name of its address."""
        return self.client.get(path)

    def list(self, model: str, query: str = "") -> Any:
        """The list of a model, given as `orders_order`."""
        return self.client.get(self.address(f"{model}_changelist") + query)

    def page(self, model: str, subject: Any) -> Any:
        """The page of one object."""
        return self.client.get(self.address(f"{model}_change", subject.pk))

    def do(self, model: str, command: str, subject: Any = None, **data: Any) -> Any:
        """Run a command of an object, or of the list when there is none; follows the redirect."""
        arguments = () if subject is None else (subject.pk,)
        return self.client.post(self.address(f"{model}_do_{command}", *arguments), data, follow=True)

    def address(self, name: str, *arguments: Any) -> str:
        """The path of a named page on this person's host."""
        return reverse(f"admin:{name}", args=arguments, urlconf=self.urls)


def offered(response: Any) -> set[str]:
    """The names of the commands that a page offers."""
    return {link["command"].name for link in response.context["command_links"]}


def notices(response: Any) -> str:
    """What the page says about the last deed."""
    return " ".join(str(message) for message in response.context["messages"])
