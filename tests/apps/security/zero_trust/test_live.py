"""On the wire: the real server, a port in the authority, escapes in the target, another language's signature."""

from __future__ import annotations

import base64
from pathlib import Path
from urllib.parse import quote

from apps.security.zero_trust.services import CreateSigningKey, create_signing_key
from rustok.config import config
from rustok.context import current
from tests.api.serving import serving
from tests.support.http import Client
from tests.support.signing import Signer
from tests.support.statements import counted

TARGETS = ["/api/v1/products/?page_size=5", f"/api/v1/products/?search={quote('чай и мёд')}"]


def test_signatures_fit_what_the_server_received(live_acme, tmp_path: Path):
    key, secret = create_signing_key(input=CreateSigningKey(name="robot", permissions=["*:*"]), context=current())

    same = config().secret_key.get_secret_value()  # the server opens our secrets
    with serving(tmp_path, RUSTOK_SECRET_KEY=same) as served, Client(port=served.port, host="acme.localhost") as client:
        signer = Signer(key.key_id, base64.b64decode(secret), f"acme.localhost:{served.port}")
        answers = [client.request("GET", target, headers=signer.headers("GET", target)) for target in TARGETS]

    assert [answer.status for answer in answers] == [200, 200], [answer.json().get("code") for answer in answers]


def test_the_pipeline_costs_one_statement(acme, context, client_of):
    key, secret = create_signing_key(input=CreateSigningKey(name="robot", permissions=["*:*"]), context=context)
    signer, path = Signer(key.key_id, base64.b64decode(secret), "acme.localhost"), "/api/v1/trust-policy/"
    client = client_of(acme)
    client.get(path, headers=signer.headers("GET", path))  # reads the rules, which stay for two seconds

    with counted() as statements:
        assert client.get(path, headers=signer.headers("GET", path)).status_code == 200

    assert len(statements) <= 2, statements  # the key, and what the operation itself reads
