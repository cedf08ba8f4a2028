"""REST door of payments."""
