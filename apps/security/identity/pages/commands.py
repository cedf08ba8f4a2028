"""What administrators can do about how other people sign in."""

from __future__ import annotations

from typing import Any, Final

from django import forms
from django.urls import reverse
from django.utils.translation import gettext_lazy as _

from apps.security.identity import rules, services
from apps.security.models.identity import SECOND_FACTOR_LABELS
from rustok.admin import Command, CommandCall, CommandForm, Done, Tone


class PolicyForm(CommandForm):
    """What the console asks of everybody."""

    second_factor = forms.ChoiceField(
        label=_("Second factor"),
        choices=list(SECOND_FACTOR_LABELS.items()),
        help_text=_("Required: whoever has none yet can only add one."),
    )


def _unlock(call: CommandCall) -> Done:
    services.unlock(user=call.subject, context=call.context)
    return Done(message=_("The person can try again at once."))


def _end_sessions(call: CommandCall) -> Done:
    ended = services.end_sessions(user=call.subject, context=call.context)
    return Done(message=_("Sessions ended: %(count)d.") % {"count": ended})


def _remove_factors(call: CommandCall) -> Done:
    services.remove_factors(user=call.subject, context=call.context)
    return Done(message=_("The person signs in with the password alone from now on."))


def _end_session(call: CommandCall) -> Done:
    services.end_session(session_id=call.subject.pk, context=call.context)
    return Done(message=_("The session has ended."), location=reverse("admin:security_consolesession_changelist"))


def _change_policy(call: CommandCall) -> Done:
    rules.change_policy(second_factor=call.data["second_factor"], context=call.context)
    return Done(message=_("The policy was changed."))


def _policy_now(_subject: Any) -> dict[str, str]:
    return {"second_factor": rules.second_factor()}


PERSON_COMMANDS: Final = (
    Command(
        "unlock",
        label=_("Unlock"),
        permission="user:update",
        run=_unlock,
        icon="lock_open",
    ),
    Command(
        "end_sessions",
        label=_("End sessions"),
        permission="session:delete",
        run=_end_sessions,
        form=CommandForm,
        icon="logout",
        explanation=_("The person has to sign in again everywhere."),
    ),
    Command(
        "remove_factors",
        label=_("Remove second factors"),
        permission="user:update",
        run=_remove_factors,
        form=CommandForm,
        available=lambda user: user.factors.exists(),
        fresh=True,
        tone=Tone.DANGER,
        icon="phonelink_erase",
        explanation=_("For people who have lost their devices. Make sure that it is really they who ask."),
    ),
)
END_SESSION: Final = Command(
    "end",
    label=_("End"),
    permission="session:delete",
    run=_end_session,
    form=CommandForm,
    tone=Tone.DANGER,
    icon="logout",
    explanation=_("The person has to sign in again there."),
)
POLICY: Final = Command(
    "policy",
    label=_("Sign-in policy"),
    permission=rules.CHANGE,
    run=_change_policy,
    form=PolicyForm,
    initial=_policy_now,
    fresh=True,
    icon="policy",
)
