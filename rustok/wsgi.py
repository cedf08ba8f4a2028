"""The WSGI entry: one public port for console, REST and health, behind the gate that sheds load."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
_django = get_wsgi_application()

from rustok.api.admission import AdmissionGate  # noqa: E402 - knows the URL maps: after Django is set up

application = AdmissionGate(_django)
