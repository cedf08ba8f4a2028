"""The base of every page of the console: read-only, permissions by the policy, writes by commands, audit for a log."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Final
from uuid import UUID

from django.core.exceptions import PermissionDenied as Forbidden
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import URLPattern, path, reverse
from django.utils.functional import Promise

from rustok import context
from rustok.admin.command_view import CommandPage
from rustok.admin.commands import Command
from rustok.admin.navigation import Section
from rustok.audit import AuditEntry
from rustok.db.transactions import unit_of_work
from rustok.i18n.middleware import QUERY as LANGUAGE
from rustok.policy import ResourceGuard

if TYPE_CHECKING:  # Unfold ships no types; its class has the shape of Django's
    from django.contrib.admin import ModelAdmin

    UnfoldModelAdmin = ModelAdmin[Any]
else:
    from unfold.admin import ModelAdmin as UnfoldModelAdmin


LONGEST_SEARCH: Final = 200
"""Characters: every word of a search is a condition per column."""
_ASKED: Final = ("exact", "isnull", "in", "gt", "gte", "lt", "lte")


class ConsoleModelAdmin(UnfoldModelAdmin):
    """A list, and a page per object. Subclasses set `resource` and what to show; `commands` are the only writes."""

    resource: ClassVar[str] = ""
    section: ClassVar[Section] = Section.OPERATIONS
    position: ClassVar[int] = 50
    icon: ClassVar[str] = "table_rows"
    in_sidebar: ClassVar[bool] = True
    plural: ClassVar[str | Promise] = ""
    wide_fields: ClassVar[Sequence[str]] = ()
    commands: ClassVar[Sequence[Command]] = ()
    list_commands: ClassVar[Sequence[Command]] = ()

    actions = None
    list_per_page = 25
    list_max_show_all = 0
    show_full_result_count = False
    list_fullwidth = True
    list_filter_sheet = True
    compressed_fields = False
    change_form_template = "console/object.html"
    change_list_template = "console/list.html"
    delete_confirmation_template = "console/object.html"
    view_on_site = False

    def __init__(self, model: type[Model], admin_site: Any) -> None:
        """Declare the commands as operations."""
        super().__init__(model, admin_site)
        for command in (*self.commands, *self.list_commands):
            command.declare_for(self.resource)

    # -- permissions ------------------------------------------------------------------------------------------------

    def has_view_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """`<resource>:read`, asked of the policy and nothing else: of this row, or whether there can be any."""
        guard = ResourceGuard(self.resource, context.current())
        return guard.reaches() if obj is None else guard.allows(row=obj)

    def has_module_permission(self, request: HttpRequest) -> bool:
        """An app shows when one of its pages does."""
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest, *args: Any) -> bool:
        """Never by form: creating is a command."""
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Never by form: changing is a command."""
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any | None = None) -> bool:
        """Never by form: removing is a command."""
        return False

    # -- queries ----------------------------------------------------------------------------------------------------

    def get_queryset(self, request: HttpRequest) -> QuerySet[Any]:
        """The rows that the person may see, by the same policy as their pages."""
        return ResourceGuard(self.resource, context.current()).visible(super().get_queryset(request))

    def get_object(self, request: HttpRequest, object_id: str, from_field: str | None = None) -> Any | None:
        """The object by its key; an id that is no UUID is simply not there."""
        try:
            UUID(object_id)
        except ValueError:
            return None
        return super().get_object(request, object_id, from_field)

    def lookup_allowed(self, lookup: str, value: str, request: HttpRequest | None = None) -> bool:
        """Only what the list's own filters ask for.

        Django allows every column of the model, hidden ones too, in every way: who sees the list of users could guess
        the hash of a password letter by letter, with `password__startswith`.
        """
        for item in self.list_filter:
            name = item[0] if isinstance(item, (list, tuple)) else getattr(item, "parameter_name", item)
            if lookup == name or lookup in {f"{name}__{kind}" for kind in _ASKED}:
                return True
        return False

    def get_search_results(
        self, request: HttpRequest, queryset: QuerySet[Any], search_term: str
    ) -> tuple[QuerySet[Any], bool]:
        """Django's search; nothing is found by a text that no column could hold anyway."""
        if len(search_term) > LONGEST_SEARCH:
            return queryset.none(), False
        return super().get_search_results(request, queryset, search_term)

    # -- commands ---------------------------------------------------------------------------------------------------

    def get_urls(self) -> list[URLPattern]:
        """The pages of the commands, before Django's own catch-all object pages."""
        own = [
            path(f"do/{command.name}/", self._list_view(command), name=self._url_name(command))
            for command in self.list_commands
        ]
        own += [
            path(f"<uuid:object_id>/do/{command.name}/", self._object_view(command), name=self._url_name(command))
            for command in self.commands
        ]
        return own + [
            url for url in super().get_urls() if url.name and not url.name.endswith(("_add", "_delete", "_history"))
        ]

    def command_links(self, commands: Sequence[Command], subject: Any) -> list[dict[str, Any]]:
        """The buttons that the current actor may press on this object (or list) now."""
        arguments = [] if subject is None else [subject.pk]
        return [
            {
                "command": command,
                "url": reverse(f"admin:{self._url_name(command)}", args=arguments),
                "version": getattr(subject, "version", None),
            }
            for command in commands
            if command.offered(subject)
        ]

    def address_of(self, subject: Any) -> str:
        """The page of an object, or the list when there is none."""
        base = f"admin:{self.opts.app_label}_{self.opts.model_name}"
        return reverse(f"{base}_changelist") if subject is None else reverse(f"{base}_change", args=[subject.pk])

    def page_context(self, request: HttpRequest, *, title: str | Promise, subject: Any) -> dict[str, Any]:
        """What every page of this model needs to be drawn."""
        return {
            **self.admin_site.each_context(request),
            "opts": self.opts,
            "title": title,
            "subject": subject,
            "original": subject,
            "back": self.address_of(subject),
            "list_url": self.address_of(None),
            "list_title": self.title,
        }

    @property
    def title(self) -> str | Promise:
        """The heading of the list, and the page's name in the sidebar."""
        return self.plural or self.opts.verbose_name_plural or ""

    def _url_name(self, command: Command) -> str:
        return f"{self.opts.app_label}_{self.opts.model_name}_do_{command.name}"

    def _list_view(self, command: Command) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest) -> HttpResponse:
            return CommandPage(self, request, command, None).serve()

        return self.admin_site.admin_view(view)

    def _object_view(self, command: Command) -> Callable[..., HttpResponse]:
        def view(request: HttpRequest, object_id: UUID) -> HttpResponse:
            if not self.has_view_permission(request):
                raise Forbidden
            subject = self.get_object(request, str(object_id))
            if subject is None:
                raise Http404
            return CommandPage(self, request, command, subject).serve()

        return self.admin_site.admin_view(view)

    # -- pages ------------------------------------------------------------------------------------------------------

    def changelist_view(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        """The list, with the commands that need no object."""
        if LANGUAGE in request.GET:  # the language of the answer is no filter
            rest: Any = request.GET.copy()
            del rest[LANGUAGE]
            request.GET = rest
        extra = {
            "title": self.title,
            "list_title": self.title,
            "command_links": self.command_links(self.list_commands, None),
        }
        return super().changelist_view(request, {**extra, **(extra_context or {})})

    def changeform_view(
        self,
        request: HttpRequest,
        object_id: str | None = None,
        form_url: str = "",
        extra_context: dict[str, Any] | None = None,
    ) -> HttpResponse:
        """The page of an object. It has no form of its own, so that a POST can only be a command's."""
        if request.method != "GET":
            raise Forbidden
        return super().changeform_view(request, object_id, form_url, extra_context)

    def render_change_form(  # noqa: PLR0917 - the signature is Django's
        self,
        request: HttpRequest,
        context: dict[str, Any],
        add: bool = False,
        change: bool = False,
        form_url: str = "",
        obj: Any = None,
    ) -> HttpResponse:
        """Add the object's commands and what the subclass wants to show beside the fields."""
        context |= {
            "title": str(obj),
            "command_links": self.command_links(self.commands, obj),
            "list_url": self.address_of(None),
            "list_title": self.title,
            "wide_fields": self.wide_fields,
            **self.object_context(request, obj),
        }
        return super().render_change_form(request, context, add, change, form_url, obj)

    def object_context(self, request: HttpRequest, subject: Any) -> dict[str, Any]:
        """Facts for the object's template beyond its fields; each costs a bounded number of queries."""
        return {}

    # -- audit ------------------------------------------------------------------------------------------------------

    def log_addition(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write the audit log instead of Django's own."""
        self._audit("create", obj)

    def log_change(self, request: HttpRequest, obj: Any, message: Any) -> Any:
        """Write the audit log instead of Django's own."""
        self._audit("update", obj)

    def log_deletions(self, request: HttpRequest, queryset: QuerySet[Any]) -> Any:
        """Write the audit log instead of Django's own."""
        for subject in queryset:
            self._audit("delete", subject)

    def _audit(self, verb: str, subject: Any) -> None:
        with unit_of_work() as uow:
            uow.audit(AuditEntry(action=f"{self.resource}:{verb}", target=str(subject.pk), details={"door": "console"}))
