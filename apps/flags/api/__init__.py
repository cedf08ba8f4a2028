"""REST and OFREP doors of flags."""
