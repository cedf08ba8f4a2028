"""The product's settings with its defaults: what the shell says about this machine's platform does not reach the tests.

Only where the servers are comes from outside. Processes that tests start read the product's own settings module.
"""

import os

_SERVERS = ("RUSTOK_DATA_DIR", "RUSTOK_SUPERVISED", "RUSTOK_DATABASE_URL", "RUSTOK_BROKER_URL", "RUSTOK_REDIS_URL")
_TOOLS = ("RUSTOK_CHROMIUM", "RUSTOK_DEMO_BASKETS", "RUSTOK_E2E_", "RUSTOK_SCREENSHOTS")

for _name in [name for name in os.environ if name.startswith("RUSTOK_") and not name.startswith(_SERVERS + _TOOLS)]:
    del os.environ[_name]
os.environ["RUSTOK_ENVIRONMENT"] = "test"
os.environ["RUSTOK_BREAKER_STORE"] = "local"  # what one test's receiver did is nothing to the test beside it
os.environ["RUSTOK_PROJECTION_PAUSE"] = "0"  # tests relay until nothing is due, and then look
os.environ["DJANGO_SETTINGS_MODULE"] = "rustok.settings"

from rustok.settings import *  # noqa: E402, F403 - after the environment is as tests expect it
