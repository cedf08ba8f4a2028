"""What this room refuses."""

from __future__ import annotations

from django.utils.translation import gettext_lazy as _

from rustok.errors import AuthError


class RoleFixed(AuthError):
    """A role that everything depends on shall change or go."""

    code = 1110
    title = _("Fixed role")
    message = _("The role %(role)s stays as it is.")


class RoleInUse(AuthError):
    """A role that people have shall go."""

    code = 1111
    title = _("Role in use")
    message = _("%(users)s people have the role %(role)s. Give them another one first.")


class LastOwner(AuthError):
    """The only active person who may everything would lose that."""

    code = 1112
    title = _("Last owner")
    message = _("%(username)s is the only one left who may do everything here.")


class OwnAccount(AuthError):
    """Somebody wants to lock themselves out."""

    code = 1113
    title = _("Own account")
    message = _("Nobody can lock their own account. Ask somebody else to do it.")
