"""Schemas as storage: what the migrations make, as SQL that is replayed, and how far each schema is."""
