"""Application configuration."""

from django.apps import AppConfig


class OperationsConfig(AppConfig):
    """Shared tables behind kernel ports. Public schema only."""

    name = "apps.operations"
    label = "operations"
