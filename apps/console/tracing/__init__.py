"""Traces in the consoles: the list of the newest, one as a waterfall, and the search box for an id."""
