"""What can be asked about: resources with their actions, and the policies of the models that hold their rows.

Apps declare in `policies.py`; those files are read when the first question comes.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from typing import Any, Final

from django.apps import apps
from django.db.models import Model
from django.utils.module_loading import autodiscover_modules

from rustok.grants import ANY
from rustok.policy.rules import Rule


class Action(StrEnum):
    """The actions that every resource has. Resources add verbs of their own."""

    CREATE = "create"
    READ = "read"
    UPDATE = "update"
    DELETE = "delete"
    LIST = "list"
    EXPORT = "export"
    IMPORT = "import"
    MANAGE = "manage"


@dataclass(frozen=True, slots=True)
class Need:
    """A permission that an action takes besides its own, because it does what the other one is about.

    `when` narrows this to rows with which the action does it; without, it always does.
    """

    action: str
    permission: str
    when: Rule | None = None


@dataclass(frozen=True, slots=True)
class Resource:
    """A kind of thing by its singular name, with its verbs beyond `Action`, and what they take besides."""

    name: str
    verbs: tuple[str, ...] = ()
    needs: tuple[Need, ...] = ()

    def knows(self, action: str) -> bool:
        """Whether the action can be asked for; `*` and `manage` mean every one."""
        return action == ANY or action in self.verbs or action in set(Action)

    def needs_of(self, action: str) -> tuple[Need, ...]:
        """What the action takes besides; `*` and `manage` take what every action does."""
        every = action in {ANY, Action.MANAGE}
        return tuple(need for need in self.needs if every or need.action == action)


@dataclass(frozen=True, slots=True, kw_only=True)
class Policy:
    """How grants about a resource reach the rows of a model.

    `own` says which rows are the actor's; without it grants with that scope reach nothing. `model` is `app.Model`; ""
    stands for a resource without rows.
    """

    resource: Resource
    model: str = ""
    own: Rule | None = None

    @property
    def rows(self) -> type[Model]:
        """The model's class."""
        return apps.get_model(self.model)


_resources: Final[dict[str, Resource]] = {}
_policies: Final[dict[str, Policy]] = {}


def register(*declared: Policy) -> None:
    """Enter policies; the same model or resource twice with other facts is a programming error."""
    for policy in declared:
        kind = policy.resource
        if _resources.setdefault(kind.name, kind) != kind:
            raise ValueError(f"resource {kind.name} is declared twice")
        if policy.model and _policies.setdefault(policy.model.lower(), policy) != policy:
            raise ValueError(f"model {policy.model} has two policies")


def find_policy(rows: type[Model] | Model) -> Policy | None:
    """The policy of a model or of a row's model."""
    _discover()
    concrete = rows._meta.concrete_model or rows
    return _policies.get(concrete._meta.label_lower)


def policy_of(rows: type[Model] | Model) -> Policy:
    """The policy of a model or of a row's model; LookupError for one that declares none."""
    policy = find_policy(rows)
    if policy is None:
        raise LookupError(f"{rows._meta.label} has no policy: declare one in its app's policies.py")
    return policy


def policies(name: str = "") -> tuple[Policy, ...]:
    """Every policy of a model, or those of one resource, by model."""
    _discover()
    found = (_policies[label] for label in sorted(_policies))
    return tuple(policy for policy in found if name in {"", policy.resource.name})


def needs_of(permission: str) -> tuple[Need, ...]:
    """What `resource:action` takes besides; nothing for a resource that nobody declared. Known ones cost a look-up."""
    name, _colon, action = permission.partition(":")
    kind = resource(name)
    return kind.needs_of(action) if kind is not None and kind.needs else ()


def resource(name: str) -> Resource | None:
    """The resource of this name."""
    _discover()
    return _resources.get(name)


def resources() -> tuple[Resource, ...]:
    """Every resource, by name."""
    _discover()
    return tuple(_resources[name] for name in sorted(_resources))


@cache
def _discover() -> None:
    autodiscover_modules("policies")


def is_row(thing: Any) -> bool:
    """Whether this is a row rather than a kind of thing."""
    return isinstance(thing, Model)
