"""The page of a command: GET asks, POST does.

A refusal (`DomainError`) becomes a message or a field error, never a traceback; secrets are shown once and not stored.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

from django import forms
from django.core.exceptions import PermissionDenied as Forbidden
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.response import TemplateResponse

from rustok import context
from rustok.admin.commands import Command, CommandCall, CommandForm, Done
from rustok.errors import DomainError

if TYPE_CHECKING:
    from rustok.admin.model_admin import ConsoleModelAdmin


@dataclass(frozen=True, slots=True)
class CommandPage:
    """One visit to a command's page; `subject` is None for a command of the list."""

    admin: ConsoleModelAdmin
    request: HttpRequest
    command: Command
    subject: Any

    def serve(self) -> HttpResponse:
        """Ask, refuse or do. POST passes Django's CSRF check first."""
        if not self.command.permitted(self.subject):
            raise Forbidden
        site: Any = self.admin.admin_site
        if self.command.fresh and (first := site.prove_first(self.request)) is not None:
            return cast("HttpResponse", first)
        form = self._form()
        if self.request.method != "POST" or (form is not None and (not form.is_valid() or form.preview)):
            return self._ask(form)
        call = CommandCall(
            subject=self.subject,
            data=form.cleaned_data if form is not None else {},
            context=context.current(),
            version=self._version(),
        )
        try:
            done = self.command.run(call)
        except DomainError as error:
            return self._refuse(form, error)
        return self._answer(done)

    def _form(self) -> CommandForm | None:
        if self.command.form is None:
            return None
        data = self.request.POST if self.request.method == "POST" else None
        return self.command.form(data, subject=self.subject, initial=dict(self.command.initial(self.subject)))

    def _version(self) -> int | None:
        text = self.request.POST.get("version", "")
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None

    def _ask(self, form: CommandForm | None) -> HttpResponse:
        version = self.request.POST.get("version") or getattr(self.subject, "version", None)
        media = form.media if form is not None else forms.Media()
        page = self._page() | {"form": form, "version": version, "media": media}
        return TemplateResponse(self.request, "console/command.html", page)

    def _refuse(self, form: CommandForm | None, error: DomainError) -> HttpResponse:
        """Say no: beside the fields when there is a form, else as a message on the page that had the button."""
        if form is None:
            self.admin.message_user(self.request, error.detail, level="ERROR")
            return HttpResponseRedirect(self.admin.address_of(self.subject))
        for item in error.errors:
            name = item.pointer.strip("/").split("/")[0]
            form.add_error(name if name in form.fields else None, str(item.message))
        if not error.errors:
            form.add_error(None, error.detail)
        return self._ask(form)

    def _answer(self, done: Done) -> HttpResponse:
        """Redirect after the deed; secrets are rendered at once instead, uncached."""
        location = done.location or self.admin.address_of(self.subject)
        if not done.secrets:
            self.admin.message_user(self.request, str(done.message), level="SUCCESS")
            return HttpResponseRedirect(location)
        page = self._page() | {"done": done, "location": location}
        response = TemplateResponse(self.request, "console/secret.html", page)
        response["Cache-Control"] = "no-store"
        return response

    def _page(self) -> dict[str, Any]:
        page = self.admin.page_context(self.request, title=self.command.label, subject=self.subject)
        return page | {"command": self.command}
