"""The event log of each tenant and of the platform: numbering, subscriptions, relay, contracts."""
