"""REST door of the health history, on the platform host."""
