"""What people can do from a page: a command is a form, a permission and one call of a service.

Declarations only; `rustok.admin.command_view` runs them. Every command is a declared operation, so that shedding and
audits know it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django import forms
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from rustok import context
from rustok.operations import Criticality, Operation, declare
from rustok.policy import ResourceGuard, find_policy


class Tone(StrEnum):
    """The look of a command's button."""

    PRIMARY = "primary"
    DEFAULT = "default"
    DANGER = "danger"


class CommandForm(forms.Form):
    """Base of the forms of commands; subclasses name their fields like the service's arguments.

    A form whose `clean` sets `preview` is shown again with that text, and its command does not run.
    """

    preview: str = ""

    def __init__(self, *args: Any, subject: Any = None, **kwargs: Any) -> None:
        """Remember the object that the command is about, so that fields can depend on it."""
        super().__init__(*args, **kwargs)
        self.subject = subject


class ReasonForm(CommandForm):
    """Asks why. The answer goes into the history of the thing."""

    reason = forms.CharField(
        label=_("Reason"),
        max_length=255,
        help_text=_("Stored in the history and in the audit log."),
    )


@dataclass(frozen=True, slots=True)
class Secret:
    """A value that is shown once and never again."""

    label: str | Promise
    value: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Done:
    """What a command did: a message, maybe where to go next, maybe secrets to show once."""

    message: str | Promise
    location: str | None = None
    secrets: tuple[Secret, ...] = ()
    facts: tuple[tuple[str | Promise, Any], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class CommandCall:
    """One run of a command: the object (None on a list), the cleaned form and the circumstances."""

    subject: Any
    data: Mapping[str, Any]
    context: context.ExecutionContext
    version: int | None = None


def _always(_subject: Any) -> bool:
    return True


@dataclass(frozen=True, slots=True)
class Command:
    """One thing to do. `available` says whether the object allows it now; the service decides again, under its lock.

    `fresh`: whoever does it has to have proved a moment ago who it is, as for all that changes how people sign in.
    """

    name: str
    label: str | Promise
    permission: str
    run: Callable[[CommandCall], Done]
    form: type[CommandForm] | None = None
    available: Callable[[Any], bool] = _always
    tone: Tone = Tone.DEFAULT
    icon: str = ""
    explanation: str | Promise = ""
    criticality: Criticality = Criticality.NORMAL
    fresh: bool = False
    initial: Callable[[Any], Mapping[str, Any]] = field(default=lambda _subject: {})

    def declare_for(self, resource: str) -> None:
        """Enter the registry of operations as `console.<resource>.<name>`."""
        declare(
            Operation(
                name=f"console.{resource}.{self.name}",
                kind="console",
                permission=self.permission,
                criticality=self.criticality,
                writes=True,
            )
        )

    @property
    def asks(self) -> bool:
        """Whether there is a form to fill in first."""
        return self.form is not None

    def offered(self, subject: Any) -> bool:
        """Whether the current actor sees the button."""
        return self.permitted(subject) and self.available(subject)

    def permitted(self, subject: Any) -> bool:
        """Whether the current actor may run it: with this object, where the permission is about its kind."""
        resource, _colon, action = self.permission.partition(":")
        policy = find_policy(subject) if subject is not None else None
        its_own = policy is not None and policy.resource.name == resource
        return ResourceGuard(resource, context.current()).allows(action, subject if its_own else None)
