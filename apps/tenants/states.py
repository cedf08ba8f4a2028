"""The life of a tenant."""

from typing import Final

from rustok.states import Transitions

PROVISIONING: Final = "provisioning"
ACTIVE: Final = "active"
SUSPENDED: Final = "suspended"

TENANT: Final = Transitions(
    "tenant",
    initial=PROVISIONING,
    table={
        PROVISIONING: {ACTIVE},
        ACTIVE: {SUSPENDED},
        SUSPENDED: {ACTIVE},
    },
)
