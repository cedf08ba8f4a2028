"""REST door of the event log."""
