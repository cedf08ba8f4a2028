"""OpenFeature provider (https://openfeature.dev, SDK 0.10): the flags for code that knows no RusToK.

    from openfeature import api
    api.set_provider(RustokProvider())
    api.get_client().get_boolean_value("new-checkout-flow", False)

It answers for the active execution context; a `targeting_key` names another unit than the actor. Flags are boolean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from openfeature.evaluation_context import EvaluationContext
from openfeature.exception import FlagNotFoundError, TypeMismatchError
from openfeature.flag_evaluation import FlagResolutionDetails, FlagValueType
from openfeature.provider import AbstractProvider, Metadata

from apps.flags.evaluation import explain, is_known

NAME: Final = "rustok"


class RustokProvider(AbstractProvider):
    """Resolves boolean flags from the snapshot of the request or task; never waits, never raises for a dead store."""

    def get_metadata(self) -> Metadata:
        """The provider's name."""
        return Metadata(name=NAME)

    def resolve_boolean_details(
        self,
        flag_key: str,
        default_value: bool,  # noqa: ARG002 - the client's business
        evaluation_context: EvaluationContext | None = None,
    ) -> FlagResolutionDetails[bool]:
        """The value with reason, variant and rule. Raises FlagNotFoundError; the client then gives the default."""
        _check_known(flag_key)
        unit = (evaluation_context.targeting_key if evaluation_context else None) or ""
        found = explain(flag_key, unit=unit)
        return FlagResolutionDetails(
            value=found.value,
            reason="STALE" if found.stale else found.reason,
            variant="on" if found.value else "off",
            flag_metadata={"rule": found.rule, "version": found.version, "origin": found.origin},
        )

    def resolve_string_details(
        self,
        flag_key: str,
        default_value: str,  # noqa: ARG002 - as above
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - as above
    ) -> FlagResolutionDetails[str]:
        """No flag is a string."""
        raise _mismatch(flag_key)

    def resolve_integer_details(
        self,
        flag_key: str,
        default_value: int,  # noqa: ARG002 - as above
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - as above
    ) -> FlagResolutionDetails[int]:
        """No flag is a number."""
        raise _mismatch(flag_key)

    def resolve_float_details(
        self,
        flag_key: str,
        default_value: float,  # noqa: ARG002 - as above
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - as above
    ) -> FlagResolutionDetails[float]:
        """No flag is a number."""
        raise _mismatch(flag_key)

    def resolve_object_details(
        self,
        flag_key: str,
        default_value: Sequence[FlagValueType] | Mapping[str, FlagValueType],  # noqa: ARG002 - as above
        evaluation_context: EvaluationContext | None = None,  # noqa: ARG002 - as above
    ) -> FlagResolutionDetails[Any]:
        """No flag is an object."""
        raise _mismatch(flag_key)


def _check_known(key: str) -> None:
    if not is_known(key):
        raise FlagNotFoundError(f"there is no flag {key}")


def _mismatch(key: str) -> TypeMismatchError:
    _check_known(key)
    return TypeMismatchError(f"flag {key} is boolean")
