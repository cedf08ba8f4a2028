"""What the platform host serves."""

from django.urls import include, path

from rustok.admin import platform_site
from rustok.api.urls import common_urlpatterns
from rustok.urls import api_patterns

API_APPS = ("security", "events", "operations", "flags", "health", "lifecycle")

urlpatterns = [
    path("api/v1/", include(api_patterns(API_APPS, "platform"))),
    path("ofrep/v1/", include("apps.flags.api.ofrep_urls")),
    *common_urlpatterns,
    path("demo/", include("apps.demo.urls")),
    path("admin/", platform_site.urls),
]

handler400 = "rustok.api.handlers.bad_request"
handler403 = "rustok.api.handlers.permission_denied"
handler404 = "rustok.api.handlers.not_found"
handler500 = "rustok.api.handlers.server_error"
