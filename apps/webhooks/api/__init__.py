"""REST door of webhooks."""
