"""People, credentials and the log of deeds. Own is what the actor is, made or did."""

from __future__ import annotations

from typing import Final

from rustok.policy import AnyOf, OwnedBy, Policy, Resource, identity, register

USER: Final = Policy(resource=Resource("user"), model="security.User", own=OwnedBy("pk", identity("user")))
API_KEY: Final = Policy(resource=Resource("api_key"), model="security.ApiKey", own=OwnedBy("created_by"))
SIGNING_KEY: Final = Policy(resource=Resource("signing_key"), model="security.SigningKey", own=OwnedBy("created_by"))
AUDIT_LOG: Final = Resource("audit", verbs=("reveal", "shred", "prune"))
AUDIT: Final = Policy(resource=AUDIT_LOG, model="security.AuditEntry", own=OwnedBy("actor"))
TRUST_POLICY: Final = Policy(resource=Resource("trust_policy"), model="security.TrustPolicy")
_PARENT: Final = AnyOf((OwnedBy("user_id", identity("user")), OwnedBy("api_key_id", identity("api_key"))))
TOKEN: Final = Policy(resource=Resource("token"), model="security.TokenFamily", own=_PARENT)
ROLE: Final = Policy(resource=Resource("role"), model="security.Role")
SESSION: Final = Policy(
    resource=Resource("session"), model="security.ConsoleSession", own=OwnedBy("user_id", identity("user"))
)
FACTOR: Final = Policy(resource=Resource("factor"), model="security.Factor", own=OwnedBy("user_id", identity("user")))
BREAK_GLASS: Final = Policy(resource=Resource("break_glass"), model="security.BreakGlass")
SELF_AUDIT: Final = Policy(resource=Resource("self_audit", verbs=("run",)), model="security.SelfAuditRun")
CONSOLE: Final = Policy(resource=Resource("console", verbs=("use",)))

register(
    USER, API_KEY, SIGNING_KEY, AUDIT, TRUST_POLICY, TOKEN, ROLE, SESSION, FACTOR, BREAK_GLASS, SELF_AUDIT, CONSOLE
)
