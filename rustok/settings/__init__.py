"""Django's settings: wiring only. Values come from `rustok.config`; what belongs together lives in one module."""

from rustok.settings.apps import *  # noqa: F403 - Django reads settings as module globals
from rustok.settings.console import *  # noqa: F403 - as above
from rustok.settings.data import *  # noqa: F403 - as above
from rustok.settings.surfaces import *  # noqa: F403 - as above
from rustok.settings.telemetry import *  # noqa: F403 - as above
