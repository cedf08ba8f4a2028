"""The people and firms that buy."""
