"""Names under which webhooks are known to the relay."""

from typing import Final

TRANSPORT: Final = "webhook"
REPLAYS: Final = "webhook_replay"
