"""Flags and audiences belong to the shop or to the platform."""

from __future__ import annotations

from typing import Final

from rustok.policy import Policy, Resource, register

_FLAG: Final = Resource("flag", verbs=("evaluate",))
FLAG: Final = Policy(resource=_FLAG, model="flags.Flag")
AUDIENCE: Final = Policy(resource=_FLAG, model="flags.Audience")

register(FLAG, AUDIENCE)
