"""The statements behind the flags: the version, and the whole document. They name the shared schema: no scope needed.

The document is read in one statement, so version and content are of one moment (trap 43).
"""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, Final

from django.db import connection
from django.db.transaction import atomic

from apps.flags.snapshots import Document
from rustok.db.shared import shared_rows

WHOLE_DIRECTORY: Final = 10_000
"""Up to so many ids the directory of ordinals travels with the document; beyond that ids are looked up one by one."""

_VERSION: Final = "SELECT version FROM public.flags_revision"
_DOCUMENT: Final = """
SELECT r.version, extract(epoch FROM clock_timestamp())::float8,
    (SELECT coalesce(json_agg(json_build_object('key', f.name, 'killed', f.everyone IS FALSE, 'unit', f.unit,
        'delegated', f.delegated, 'targeting', f.targeting)), '[]') FROM public.flags_flag f),
    (SELECT coalesce(json_agg(json_build_object('key', f.name, 'tenant', s.tenant_id, 'targeting', s.targeting)), '[]')
        FROM public.flags_shoptargeting s JOIN public.flags_flag f ON f.id = s.flag_id),
    (SELECT coalesce(json_agg(json_build_object('key', a.key, 'tenant', a.tenant_id, 'of', a.of,
        'members', translate(encode(a.members, 'base64'), chr(10), ''))), '[]') FROM public.flags_audience a),
    (SELECT coalesce(json_object_agg(s.subject, s.ordinal), '{}')
        FROM (SELECT subject, ordinal FROM public.flags_subject ORDER BY ordinal DESC LIMIT %s) s),
    (SELECT count(*) <= %s FROM (SELECT FROM public.flags_subject LIMIT %s) s)
FROM public.flags_revision r
"""
_ORDINAL: Final = "SELECT ordinal FROM public.flags_subject WHERE subject = %s::uuid"
_NAMES: Final = ("version", "read_at", "flags", "shops", "audiences", "subjects", "complete")


class PostgresSource:
    """Flags as the database knows them now. Every method costs one statement and raises what the driver raises."""

    def version(self) -> int:
        """The newest version; it changes with every change of anything."""
        return int(shared_rows(_VERSION)[0][0])

    def document(self) -> Document:
        """Everything, of one moment."""
        rows = shared_rows(_DOCUMENT, [WHOLE_DIRECTORY, WHOLE_DIRECTORY, WHOLE_DIRECTORY + 1])
        document: dict[str, Any] = dict(zip(_NAMES, rows[0], strict=True))
        return document

    def ordinal(self, subject: str) -> int | None:
        """The dense number of an id, None when it was never in an audience.

        Somebody's request asks, perhaps in the middle of a transaction: that must survive a look-up that fails.
        """
        with atomic() if connection.in_atomic_block else nullcontext():
            rows = shared_rows(_ORDINAL, [subject])
        return int(rows[0][0]) if rows else None
