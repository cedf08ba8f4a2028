"""REST door of the tenants' life, on the platform host."""
