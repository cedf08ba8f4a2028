"""Placeholder."""
from rustok.local.stack import Stack

def run(stack: Stack) -> int:
    """Serve."""
    return 0
