"""The kernel and composition root: ports, registries, mechanisms. Has no models and imports no app."""

__version__ = "1.0.0"
