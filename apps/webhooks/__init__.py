"""Outgoing webhooks: endpoints, signatures, deliveries."""
