"""REST door of orders."""
