"""The WSGI entry: one public port for console, REST and health, behind the probes and the gate that sheds load."""

import os
import sys

from django.core.wsgi import get_wsgi_application

# A thread that wants to refuse must not wait five milliseconds for each of those that work.
sys.setswitchinterval(0.001)
os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
_django = get_wsgi_application()

from rustok.api.admission import AdmissionGate  # noqa: E402 - knows the URL maps: after Django is set up
from rustok.api.probes import Probes  # noqa: E402 - as above

application = Probes(AdmissionGate(_django))
