"""The tables of this app, one module per port."""

from apps.operations.models.wakeups import SubscriptionDue, Wakeup

__all__ = ["SubscriptionDue", "Wakeup"]
