"""What the commands of decisions ask for."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandParser

from apps.operations.services import Decision


def ask_for_decision(parser: CommandParser) -> None:
    """The options of every decision."""
    parser.add_argument("--for", dest="minutes", type=float, required=True, metavar="MINUTES", help="for how long")
    parser.add_argument("--reason", required=True, help="stored in the audit log")


def decision_of(options: dict[str, Any]) -> Decision:
    """What the options say."""
    return Decision(seconds=options["minutes"] * 60, reason=options["reason"])
