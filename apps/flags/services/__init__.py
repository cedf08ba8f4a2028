"""Writes of flags: the operators' level, a shop's level, audiences. Each is audited and moves the version."""

from apps.flags.services.audiences import AudienceChange, change_audience
from apps.flags.services.changes import ChangeFlag, change_flag, target_in_shop
from apps.flags.services.upkeep import forget_shop, sync_declared

__all__ = [
    "AudienceChange",
    "ChangeFlag",
    "change_audience",
    "change_flag",
    "forget_shop",
    "sync_declared",
    "target_in_shop",
]
