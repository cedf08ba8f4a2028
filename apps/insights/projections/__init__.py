"""The projections: facts in, rows out. One file per read model, on the same two helpers."""
