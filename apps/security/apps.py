"""Registration of the app."""

from importlib import import_module

from django.apps import AppConfig
from django.utils.translation import gettext_lazy as _

from rustok.db.attribution import Captured, capture
from rustok.db.resealing import SealedColumn, sealed


class SecurityConfig(AppConfig):
    """Tables in every tenant's schema and in the public one: the platform has operators and keys of its own."""

    name = "apps.security"
    label = "security"
    verbose_name = _("Security")

    def ready(self) -> None:
        """Put people, what they may do, their credentials and the trust policy under capture."""
        import_module("apps.security.identity.leaving")  # listens
        self._name_sealed_columns()
        stamps = ("created_at", "updated_at")
        capture(
            Captured(
                table="security_user",
                masked=("password",),
                personal=("username", "email"),
                subject="user",
                ignored=("last_login", *stamps),
            ),
            Captured(table="security_apikey", masked=("secret_hash",), ignored=("last_used_at", *stamps)),
            Captured(table="security_signingkey", masked=("material",), ignored=stamps),
            Captured(table="security_trustpolicy", ignored=stamps),
            Captured(table="security_role", ignored=("version", *stamps)),
            Captured(table="security_factor", ignored=("counter", "last_used_at", "created_at")),
            Captured(table="security_identitypolicy", ignored=("version", *stamps)),
            Captured(table="security_externalidentity", masked=("subject",), ignored=("seen_at",)),
            Captured(table="security_breakglass"),
        )

    def _name_sealed_columns(self) -> None:
        keyring = import_module("apps.security.zero_trust.keyring")
        personal = import_module("apps.security.chain.personal")
        factors = import_module("apps.security.identity.factors")
        sealed(
            SealedColumn("security.SigningKey", "material", keyring.PURPOSE),
            SealedColumn("security.SubjectKey", "key", personal.PURPOSE),
            SealedColumn("security.Factor", "material", factors.PURPOSE, where=(("kind", "totp"),)),
        )
