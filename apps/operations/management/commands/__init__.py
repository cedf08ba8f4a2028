"""`degradation` and `breakers`."""
