"""The audit log's chain: entries numbered and hashed after commit, checkpoints signed and kept outside the database."""
