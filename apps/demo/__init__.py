"""Three real grocery stores as tenants, and a webhook receiver that shows their events arriving."""
