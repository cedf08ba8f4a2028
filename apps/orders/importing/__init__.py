"""Orders from a basket file, for any shop and any size: read, price, place, report. See `replay.import_baskets`."""
