"""REST door of catalog."""
