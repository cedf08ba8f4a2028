"""The WSGI entry: one public port for console, REST and health."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "rustok.settings")
application = get_wsgi_application()
