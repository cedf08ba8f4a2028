"""A place of its own for keys and checkpoints."""

from __future__ import annotations

from pathlib import Path

import pytest

from rustok.config import config
from rustok.context import TenantRef
from tests.support.events import run


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """The directory outside the database."""
    monkeypatch.setenv("RUSTOK_AUDIT_KEY_FILE", str(tmp_path / "key.pem"))
    monkeypatch.setenv("RUSTOK_AUDIT_CHECKPOINT_DIR", str(tmp_path / "checkpoints"))
    config.cache_clear()
    yield tmp_path
    monkeypatch.undo()
    config.cache_clear()


@pytest.fixture
def log(acme: TenantRef, kept: Path) -> TenantRef:
    """The shop's audit log without the entries of its provisioning."""
    run("ALTER TABLE security_auditentry DISABLE TRIGGER security_audit_no_truncate")
    run("TRUNCATE security_auditentry, public.operations_audit_wakeup")
    run("ALTER TABLE security_auditentry ENABLE TRIGGER security_audit_no_truncate")
    return acme
