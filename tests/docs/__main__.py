"""`python -m tests.docs`: only the tests of the documentation, with names shown."""

import sys
from pathlib import Path

import pytest

if __name__ == "__main__":
    sys.exit(pytest.main(["-v", "--no-cov", str(Path(__file__).parent), *sys.argv[1:]]))
