"""The life of tenants: provision, suspend, resume, fleet migrations."""
