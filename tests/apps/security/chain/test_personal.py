"""Personal data stands in entries under a key per person; without the key it is gone, and the chain holds."""

from __future__ import annotations

import json
from dataclasses import replace
from io import StringIO

import orjson
import pytest
from django.core.management import call_command
from django.db import InternalError, ProgrammingError, transaction

from apps.customers.models import Customer
from apps.security.chain.export import export
from apps.security.chain.personal import reveal
from apps.security.chain.sealing import seal
from apps.security.chain.shredding import shred
from apps.security.models import AuditEntry as Row
from apps.security.models import SubjectKey
from rustok.audit import AuditEntry
from rustok.context import current
from rustok.db.transactions import unit_of_work
from rustok.errors.families import InvalidInput, PermissionDenied
from tests.support.events import run

AT = "2026-03-01T00:00:00Z"


def known(name: str = "Ann", **more: object) -> Customer:
    return Customer.objects.create(name=name, email="ann@example.org", created_at=AT, updated_at=AT, **more)


def read(*, permitted: bool = True) -> list[object]:
    rows = list(Row.objects.filter(details__has_key="personal").order_by("id"))
    shown = reveal([(row.pk, row.details) for row in rows], permitted=permitted)
    return [details["personal"]["values"] for details in shown]


def gone(customer: Customer) -> None:
    shred(subject=f"customer:{customer.pk}", reason="asked", context=current())


def verified() -> dict:
    out = StringIO()
    call_command("audit", "verify", "--tenant", "acme", "--json", stdout=out)
    return orjson.loads(out.getvalue())[0]


def test_a_captured_person_is_sealed_when_the_entry_is_chained_and_readable_by_key(log, kept):
    known()
    assert "ann@example.org" in json.dumps(Row.objects.get(action="row:insert").details)
    seal()

    stored = json.dumps(Row.objects.get(action="row:insert").details)
    assert "ann@example.org" not in stored
    assert "Ann" not in stored
    assert read()[0]["columns"]["email"] == [None, "ann@example.org"]
    assert read(permitted=False) == ["[sealed]"]


def test_shredding_loses_the_data_and_nothing_else(log, kept):
    ann, bob = known(), known("Bob")
    Customer.objects.filter(pk=ann.pk).update(phone="+4915112345678")
    seal()
    gone(ann)
    seal()

    assert read() == ["[shredded]", {"columns": read()[1]["columns"]}, "[shredded]"]
    assert read()[1]["columns"]["name"] == [None, "Bob"]
    report = verified()
    assert (report["whole"], report["personal"], report["shredded"]) == (True, 3, 2)
    assert bob.pk is not None


def test_what_is_noted_after_shredding_is_dropped(log, kept):
    ann = known()
    gone(ann)
    ann.delete()
    seal()

    assert read() == ["[shredded]", "[shredded]"]
    assert b"ann@example.org" not in b"".join(export())
    assert verified()["shredded"] == 2


def test_shredding_is_audited_once_and_says_how_much(log, kept):
    ann = known()
    gone(ann)
    gone(ann)

    entry = Row.objects.get(action="audit:shred")
    assert (entry.target, entry.reason, entry.details) == (f"customer:{ann.pk}", "asked", {"entries": 1})
    assert SubjectKey.objects.get().key is None


def test_a_deed_can_carry_personal_data_too(log, kept):
    with unit_of_work() as uow:
        facts = {"name": "Ann"}
        uow.audit(AuditEntry(action="user:invite", details={"role": "viewer"}, subject="user:7", personal=facts))
    seal()

    assert Row.objects.get(action="user:invite").details["role"] == "viewer"
    assert read() == [{"name": "Ann"}]


def test_tampering_with_a_sealed_value_is_found_before_and_after_shredding(log, kept):
    ann = known()
    seal()
    gone(ann)
    seal()
    call_command("audit", "export", "--tenant", "acme", "--output", str(kept / "log.jsonl"))
    run("ALTER TABLE security_auditentry DISABLE TRIGGER security_audit_append_only")
    run("UPDATE security_auditentry SET details = details - 'personal' WHERE details ? 'personal'")

    with pytest.raises(Exception, match="not whole"):
        verified()


@pytest.mark.parametrize(
    "change",
    [
        """details = '{"personal": {"subject": "user:9", "sealed": ""}}'""",
        """details = jsonb_set(details, '{role}', '"owner"')""",
        "details = details - 'personal'",
        """details = jsonb_set(details - 'role', '{personal}', '{"subject": "user:7", "sealed": ""}')""",
    ],
)
def test_sealing_changes_nothing_but_the_personal_part(log, kept, change):
    with unit_of_work() as uow:
        uow.audit(AuditEntry(action="a:b", details={"role": "viewer"}, subject="user:7", personal={"n": 1}))

    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        run(f"UPDATE security_auditentry SET number = 1, hash = '\\x00', {change}")


@pytest.mark.parametrize("subject", ["", "ann", "customer:", "Customer:1", "customer:a b", "customer:" + "x" * 200])
def test_a_person_is_written_as_kind_and_id(log, subject):
    with pytest.raises(InvalidInput):
        shred(subject=subject, reason="", context=current())


def test_shredding_needs_its_permission(log):
    reader = replace(current(), permissions=frozenset({"audit:read"}))
    with pytest.raises(PermissionDenied):
        shred(subject="customer:1", reason="", context=reader)


def test_the_command_shreds_and_says_so(log, kept):
    ann = known()
    out = StringIO()
    call_command("audit", "shred", "--tenant", "acme", "--subject", f"customer:{ann.pk}", "--json", stdout=out)

    facts = orjson.loads(out.getvalue())[0]
    assert (facts["entries"], facts["already"], facts["log"]) == (1, False, "acme")
