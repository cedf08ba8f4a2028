"""Tenants and their hosts: models, isolation, validation, resolution."""
