"""Cash, bank transfer, a terminal beside the till: a person moved the money and says so here."""

from __future__ import annotations

from rustok.money import Money


class ManualProvider:
    """Believes its operator; the reference is the operator's own (receipt or transfer number)."""

    name = "manual"

    def capture(self, *, money: Money, reference: str) -> str:  # noqa: ARG002 - the Protocol's
        """Note that the money came in."""
        return reference

    def refund(self, *, money: Money, reference: str) -> str:  # noqa: ARG002 - the Protocol's
        """Note that the money went out."""
        return reference
