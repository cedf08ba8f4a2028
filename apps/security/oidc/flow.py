"""There and back: the browser goes to the provider with state, nonce and a PKCE challenge, and returns with a code.

What has to be remembered meanwhile travels in a signed cookie that only the callback is sent, good for ten minutes;
the state is claimed in the shared store, so that an answer counts once, whoever repeats it (RFC 9700 section 4.7).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final
from urllib.parse import quote, urlencode

from django.core import signing

from apps.security.oidc.discovery import metadata
from apps.security.oidc.errors import ProviderUnavailable, refused
from apps.security.oidc.idtokens import NotBelieved, believed
from apps.security.oidc.outbound import Unusable, ask
from apps.security.oidc.provider import Provider, callback_url
from apps.security.zero_trust.stores import StoreDown, trust_store

FLOW_SECONDS: Final = 600
_SALT: Final = "rustok.security.oidc.flow"


@dataclass(frozen=True, slots=True)
class Flow:
    """One way to the provider and back. `verifier` is PKCE's (RFC 7636), `goal` where the person wanted to go."""

    state: str
    nonce: str
    verifier: str
    goal: str

    @classmethod
    def new(cls, goal: str) -> Flow:
        """With fresh secrets of 256 bits each."""
        return cls(secrets.token_urlsafe(32), secrets.token_urlsafe(32), secrets.token_urlsafe(32), goal)

    @classmethod
    def read(cls, cookie: str) -> Flow:
        """The flow that this browser began; raises ProviderAnswerRefused for none, an old one, or one of others."""
        try:
            return cls(**signing.loads(cookie, salt=_SALT, max_age=FLOW_SECONDS))
        except (signing.BadSignature, TypeError) as error:
            raise refused("no flow of this browser") from error

    def written(self) -> str:
        """For the cookie."""
        return signing.dumps(asdict(self), salt=_SALT, compress=True)

    @property
    def challenge(self) -> str:
        """S256 of the verifier."""
        return base64.urlsafe_b64encode(hashlib.sha256(self.verifier.encode()).digest()).decode().rstrip("=")


def authorization_url(provider: Provider, flow: Flow) -> str:
    """Where to send the browser; raises ProviderUnavailable."""
    endpoint = str(metadata(provider)["authorization_endpoint"])
    asked = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": callback_url(),
        "scope": provider.scopes,
        "state": flow.state,
        "nonce": flow.nonce,
        "code_challenge": flow.challenge,
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if '?' in endpoint else '?'}{urlencode(asked)}"


def finished(provider: Provider, flow: Flow, answer: Mapping[str, str]) -> dict[str, Any]:
    """The claims of the person who came back, after every check.

    Raises ProviderAnswerRefused for an answer that is wrong, came twice or says no; ProviderUnavailable.
    """
    if not hmac.compare_digest(answer.get("state", "").encode(), flow.state.encode()):
        raise refused("state")
    if answer.get("iss", provider.issuer) != provider.issuer:  # RFC 9207: the answer of another provider
        raise refused("iss of the answer")
    _claim(flow.state)
    if "error" in answer or not answer.get("code"):
        raise refused(f"the provider said {answer.get('error', 'nothing')[:100]}")
    try:
        said = _redeem(provider, flow, answer["code"])
        return believed(provider, str(said.get("id_token", "")), nonce=flow.nonce)
    except (Unusable, NotBelieved) as error:
        raise refused(str(error)) from error


def _claim(state: str) -> None:
    try:
        first = trust_store().claim(hashlib.sha256(f"oidc {state}".encode()).digest(), seconds=FLOW_SECONDS)
    except StoreDown as error:
        raise ProviderUnavailable from error
    if not first:
        raise refused("the state came before")


def _redeem(provider: Provider, flow: Flow, code: str) -> dict[str, Any]:
    about = metadata(provider)
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": callback_url(),
        "code_verifier": flow.verifier,
        "client_id": provider.client_id,
    }
    headers = {}
    methods = about.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    if provider.client_secret and "client_secret_basic" in methods:
        pair = f"{quote(provider.client_id, safe='')}:{quote(provider.client_secret, safe='')}"
        headers["Authorization"] = f"Basic {base64.b64encode(pair.encode()).decode()}"
        del form["client_id"]
    elif provider.client_secret:
        form["client_secret"] = provider.client_secret
    return ask(provider, str(about["token_endpoint"]), form=form, **headers)
