"""A process of its own that follows a flag as a web process does; run by `test_processes`.

Prints one JSON line per change of the value that a new request would get: when (CLOCK_MONOTONIC, shared by all
processes of a machine) and which value.
"""

import json
import os
import sys
import time

os.environ["DJANGO_SETTINGS_MODULE"] = "rustok.settings"

import django

django.setup()

from django.conf import settings  # noqa: E402 - after setup
from django.db import connection  # noqa: E402 - after setup

from apps.flags.evaluation import is_enabled, poller  # noqa: E402 - after setup
from rustok.context import ExecutionContext  # noqa: E402 - after setup

connection.settings_dict["NAME"] = sys.argv[1]
connection.settings_dict["OPTIONS"].pop("pool", None)
settings.RUSTOK_FLAG_POLLING = True
key, ends = sys.argv[2], time.monotonic() + float(sys.argv[3])
seen = None
while time.monotonic() < ends:
    value = is_enabled(key, context=ExecutionContext())
    if value != seen:
        seen = value
        facts = {"at": time.monotonic(), "value": value, "origin": poller().store.snapshot.origin}
        print(json.dumps(facts), flush=True)
    time.sleep(0.01)
