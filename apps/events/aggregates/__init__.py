"""Aggregates restored from their streams: replay, snapshots, and the proof that rows and events agree."""

from apps.events.aggregates.rebuilding import Rebuilt, rebuild_snapshots
from apps.events.aggregates.restoring import IncompleteStream, Restored, restore
from apps.events.aggregates.snapshots import drop_stale, take_snapshot
from apps.events.aggregates.verifying import Verdict, verify

__all__ = [
    "IncompleteStream",
    "Rebuilt",
    "Restored",
    "Verdict",
    "drop_stale",
    "rebuild_snapshots",
    "restore",
    "take_snapshot",
    "verify",
]
