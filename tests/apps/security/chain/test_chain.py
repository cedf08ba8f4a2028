"""Entries are numbered, hashed and signed after commit; changes of audited tables are among them, whoever made them."""

from __future__ import annotations

from io import StringIO

import orjson
import pytest
from django.core.management import CommandError, call_command
from django.db import InternalError, ProgrammingError, connection, transaction

from apps.security.chain import rounds
from apps.security.chain.checkpoints import checkpoint, checkpoint_file
from apps.security.chain.sealing import seal, this_log
from apps.security.models import AuditEntry as Row
from apps.security.models import User
from apps.security.tasks import seal_audit
from apps.tenants.isolation import tenant_scope
from rustok.audit import AuditEntry
from rustok.db.transactions import unit_of_work
from tests.support.events import elsewhere, run

LATER = """
    SELECT due_at > now() + interval '50 seconds' FROM public.operations_audit_wakeup WHERE due_at > clock_timestamp()
"""


def note(count: int = 1) -> None:
    with unit_of_work() as uow:
        uow.audit(*(AuditEntry(action="order:pay", target=str(n), details={"n": [n, "é", 1.5]}) for n in range(count)))


def verified(*arguments: str) -> dict:
    out = StringIO()
    call_command("audit", "verify", "--tenant", "acme", "--json", *arguments, stdout=out)
    return orjson.loads(out.getvalue())[0]


def test_a_round_seals_what_waits_and_the_log_verifies(log, kept):
    note(25)

    assert rounds.run(seconds=5) == 25
    report = verified()
    assert (report["whole"], report["entries"], report["checkpoints"], report["loose"]) == (True, 25, 1, 0)
    assert (rounds.run(seconds=5), rounds.unchained_age()) == (0, 0.0)


def test_checkpoints_that_are_gone_are_missed(log, kept, capsys):
    note(3)
    rounds.run(seconds=5)
    checkpoint_file(this_log()).unlink()

    with pytest.raises(CommandError, match="not whole"):
        call_command("audit", "verify", "--tenant", "acme")
    assert "the checkpoint of entry 3 is missing" in capsys.readouterr().out


def test_a_log_that_cannot_be_sealed_holds_up_no_other(log, kept, globex):
    with tenant_scope(globex):
        note()
        run("ALTER TABLE security_auditentry RENAME COLUMN action TO deed")
    note()

    assert rounds.run(seconds=5) == 1


def test_steps_carry_on_the_chain_and_keep_the_mark_until_the_last(log, kept):
    note(25)
    marks = [row[0] for row in run("SELECT id FROM public.operations_audit_wakeup")]

    assert [seal(wakeups=marks, step=10) for _ in range(4)] == [10, 10, 5, 0]
    assert run("SELECT 1 FROM public.operations_audit_wakeup") == []
    assert verified()["whole"]


def test_two_sealers_never_meet(live_acme, kept):
    seal()
    note(3)
    with elsewhere() as call, transaction.atomic():
        assert seal() == 3
        assert call(seal).result() is None


def test_each_log_has_a_chain_of_its_own(log, globex, kept):
    note(3)
    with tenant_scope(globex):
        note(2)
    seal_audit()
    seal()

    assert verified()["entries"] == 3


def test_a_change_in_the_database_is_found(log, kept):
    note(5)
    rounds.run(seconds=5)
    run("ALTER TABLE security_auditentry DISABLE TRIGGER security_audit_append_only")
    run("UPDATE security_auditentry SET reason = 'a gift' WHERE number = 3")

    with pytest.raises(CommandError, match="not whole"):
        verified()


@pytest.mark.parametrize(
    "change",
    ["number = 9", "hash = '\\x00'", "number = 9, hash = '\\x00', reason = 'x'", "number = NULL, hash = NULL"],
)
def test_the_database_lets_only_the_sealing_pass(log, kept, change):
    note(2)
    seal(step=1)
    where = "number IS NOT NULL" if "NULL" in change else "number IS NULL"

    with pytest.raises((InternalError, ProgrammingError)), transaction.atomic():
        run(f"UPDATE security_auditentry SET {change} WHERE {where}")


def test_checkpoints_come_by_time_and_by_count_and_a_mark_remembers_the_next(log, kept):
    note(1)
    assert (seal(), checkpoint()) == (1, 1)
    note(1)
    assert (seal(), checkpoint()) == (1, None)
    assert run(LATER) == [(True,)]
    run("UPDATE security_auditchain SET checkpoint_at = now() - interval '2 minutes'")
    assert (checkpoint(), checkpoint(force=True)) == (2, None)
    assert len(checkpoint_file(this_log()).read_bytes().splitlines()) == 2


def test_the_key_is_made_once_for_its_owner_only(log, kept):
    note(1)
    rounds.run(seconds=5)

    assert (kept / "key.pem").stat().st_mode & 0o777 == 0o600


def changes() -> list[tuple[str, str, str]]:
    rows = Row.objects.filter(action__startswith="row:").order_by("id")
    return [(row.actor, row.action, row.target.partition("/")[0]) for row in rows]


def test_bulk_and_raw_writes_are_in_the_log_with_their_actor(log, kept):
    User.objects.bulk_create([User(username="ann", role="viewer"), User(username="bob", role="viewer")])
    User.objects.filter(username="ann").update(role="manager")
    run("DELETE FROM security_user WHERE username = 'bob'")

    # Sorted: what triggers write within one millisecond may change places.
    assert sorted(changes()) == [
        ("user:alice", f"row:{verb}", "security_user") for verb in ("delete", "insert", "insert", "update")
    ]
    details = Row.objects.get(action="row:update").details
    assert details == {"columns": {"role": ["viewer", "manager"]}}


def test_secrets_and_personal_data_are_noted_without_their_values(log, kept):
    User.objects.create(username="ann", email="ann@example.org", password="argon2$x", role="viewer")

    details = Row.objects.get(action="row:insert").details
    words = [details["columns"][name] for name in ("username", "email", "password")]
    assert words == ["[personal]", "[personal]", "[hidden]"]
    assert details["personal"]["open"]["columns"]["email"] == [None, "ann@example.org"]


def test_what_changes_all_the_time_is_not_noted(log, kept):
    User.objects.bulk_create([User(username="ann")])
    before = len(changes())
    run("UPDATE security_user SET updated_at = now()")

    assert len(changes()) == before


def test_outside_a_transaction_nobody_inherits_the_actor(live_acme, kept):
    run("INSERT INTO security_user SELECT * FROM security_user WHERE false")
    assert run("SELECT current_setting('rustok.actor', true)") == [("",)]
    with connection.cursor() as cursor:  # a way in that tells the session nothing
        cursor.execute("SELECT 1")
        cursor.connection.execute("INSERT INTO security_apikey SELECT * FROM security_apikey WHERE false")


def test_an_export_can_be_verified_without_the_database(log, kept):
    note(12)
    files = ["--output", str(kept / "log.jsonl"), "--checkpoints", str(kept / "claims.jsonl")]
    call_command("audit", "export", "--tenant", "acme", *files)

    lines = (kept / "log.jsonl").read_bytes().splitlines()
    assert [orjson.loads(line)["entry"]["number"] for line in lines] == list(range(1, 13))
    assert b'"number":12' in (kept / "claims.jsonl").read_bytes()


def test_the_commands_speak_to_people(log, kept, capsys):
    note(1)
    call_command("audit", "status", "--tenant", "acme")
    call_command("audit", "key")
    call_command("audit", "export", "--tenant", "acme")
    call_command("audit", "verify", "--platform")

    out = capsys.readouterr().out
    assert "acme  0       1" in out
    assert "BEGIN PUBLIC KEY" in out
    assert '"action":"order:pay"' in out


def test_an_unknown_tenant_is_one_clear_line(log, kept):
    with pytest.raises(CommandError, match="nobody"):
        call_command("audit", "verify", "--tenant", "nobody")
