"""REST door of customers."""
