"""REST door of service modes and breakers, on the platform host."""
