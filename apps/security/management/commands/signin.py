"""`manage.py signin unlock|reset|end|policy`: the way back in when nobody is left who could help in the console."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from apps.operations.commandline import add_log_options, at_the_command_line, chosen_logs
from apps.security.identity import rules, services
from apps.security.models import User
from apps.security.queries import find_user
from rustok.context import current


class Command(BaseCommand):
    """Helps a person of a shop, or an operator, to sign in again."""

    help = "End somebody's wait, take lost second factors away, end sessions, or change what the console asks for."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the verbs and their options."""
        verbs = parser.add_subparsers(dest="verb", required=True, metavar="unlock|reset|end|policy")
        explained = {
            "unlock": "let the person try again at once",
            "reset": "remove all second factors and recovery codes; sessions end",
            "end": "end all sessions of the person",
        }
        for name, text in explained.items():
            verb = verbs.add_parser(name, help=text)
            add_log_options(verb, required=True)
            verb.add_argument("username")
        policy = verbs.add_parser("policy", help="whether the console asks for a second factor")
        add_log_options(policy, required=True)
        policy.add_argument("second_factor", choices=[rules.OFF, rules.OPTIONAL, rules.REQUIRED])

    def handle(self, *_args: Any, **options: Any) -> None:
        """Do it; one clear line and exit code 1 on failure."""
        with at_the_command_line(), chosen_logs(options)[0].scope():
            done: str = getattr(self, f"_{options['verb']}")(options)
        self.stdout.write(done)

    def _unlock(self, options: dict[str, Any]) -> str:
        counted = services.unlock(user=_person(options), context=current())
        return "may try again" if counted else "nothing was counted"

    def _reset(self, options: dict[str, Any]) -> str:
        services.remove_factors(user=_person(options), context=current())
        return "signs in with the password alone"

    def _end(self, options: dict[str, Any]) -> str:
        return f"sessions ended: {services.end_sessions(user=_person(options), context=current())}"

    def _policy(self, options: dict[str, Any]) -> str:
        rules.change_policy(second_factor=options["second_factor"], context=current())
        return f"second factor: {options['second_factor']}"


def _person(options: dict[str, Any]) -> User:
    user = find_user(username=options["username"])
    if user is None:
        raise CommandError(f"nobody here is called {options['username']}")
    return user
