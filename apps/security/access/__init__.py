"""Roles and who has them, what may be handed on, and why somebody may or may not do something."""
