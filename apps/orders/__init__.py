"""Orders: placing them and their life afterwards."""
