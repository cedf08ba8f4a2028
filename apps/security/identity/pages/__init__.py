"""The console's pages about signing in, one's own account and visits. Each checks a form and calls one service."""
