"""Checks of what an installation is made of: pools, tables of every module, secrets, certificate, further databases."""

import os
import time
from datetime import UTC, datetime, timedelta

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from django.conf import settings
from django.db import connection

from apps.health import checks, installation
from apps.tenants.isolation import tenant_scope
from rustok.config import config
from rustok.health import CheckFailed
from rustok.health import checks as registered


@pytest.fixture
def knobs(monkeypatch):
    def use(**values):
        monkeypatch.setattr(installation, "config", lambda: config().model_copy(update=values))

    return use


def test_all_modules_have_their_tables(acme):
    seen = installation.modules()

    assert (seen.unit, seen.warning) == ("modules", "")
    assert seen.value > 10


def test_a_missing_table_of_one_shop_is_told_with_its_module(globex):
    with tenant_scope(globex), connection.cursor() as cursor:
        cursor.execute("ALTER TABLE catalog_product RENAME TO catalog_lost")

    with pytest.raises(CheckFailed) as failure:
        installation.modules()
    assert f"catalog in the schema {globex.schema}" in str(failure.value)


@pytest.mark.parametrize(("load", "warns"), [(0.0, False), (0.79, False), (0.8, True), (1.2, True)])
def test_a_pool_warns_when_it_is_nearly_full(monkeypatch, load, warns):
    monkeypatch.setattr("rustok.db.pool.load", lambda: load)

    seen = installation.pool_load()
    assert (seen.value, bool(seen.warning)) == (round(load * 100, 1), warns)


def test_a_pool_for_which_requests_wait_fails(monkeypatch):
    monkeypatch.setattr("rustok.db.pool.load", lambda: 1.3)

    with pytest.raises(CheckFailed, match="wait"):
        installation.pool_load()


def test_old_and_lost_secrets_are_told(monkeypatch, tmp_path, knobs):
    knobs(secret_max_age_days=30)
    file = tmp_path / "key"
    file.write_text("x")
    os.utime(file, (time.time() - 31.5 * 86_400,) * 2)
    monkeypatch.setenv("RUSTOK_DATABASE_URL_FILE", str(file))

    seen = installation.secrets()
    assert (seen.value, bool(seen.warning)) == (31, True)
    file.unlink()
    with pytest.raises(CheckFailed, match="key"):
        installation.secrets()


def certificate(days):
    key, name = (
        ec.generate_private_key(ec.SECP256R1()),
        x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "shop.test")]),
    )
    ends = datetime.now(UTC) + timedelta(days=days, hours=1)
    made = x509.CertificateBuilder(name, name, key.public_key(), 1, ends - timedelta(days=90), ends)
    return made.sign(key, hashes.SHA256()).public_bytes(Encoding.PEM)


@pytest.mark.parametrize(("days", "warns"), [(60, False), (20, True), (0, True)])
def test_a_certificate_warns_before_it_ends(tmp_path, knobs, days, warns):
    file = tmp_path / "shop.pem"
    file.write_bytes(certificate(days))
    knobs(certificate_file=file)

    seen = installation.certificate()
    assert (seen.value, bool(seen.warning)) == (days, warns)


@pytest.mark.parametrize(("content", "told"), [(b"no certificate", "read"), (None, "ended")])
def test_a_bad_certificate_fails(tmp_path, knobs, content, told):
    file = tmp_path / "shop.pem"
    file.write_bytes(certificate(-2) if content is None else content)
    knobs(certificate_file=file)

    with pytest.raises(CheckFailed, match=told):
        installation.certificate()


def test_only_the_default_database_is_critical():
    assert [checks._database(alias).is_critical for alias in ("default", "shard")] == [True, False]


def test_every_database_has_a_check(monkeypatch):
    assert {f"database-{alias}".removesuffix("-default") for alias in settings.DATABASES} <= {
        c.name for c in registered()
    }
    other = {"NAME": "shard", "USER": "u", "PASSWORD": "p w", "HOST": "db2", "PORT": "5433"}
    monkeypatch.setattr(settings, "DATABASES", {**settings.DATABASES, "shard": other})

    assert checks._address_of("shard") == "dbname=shard user=u password='p w' host=db2 port=5433"
