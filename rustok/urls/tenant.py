"""What every tenant host serves."""

from django.urls import include, path

from rustok.admin import tenant_site
from rustok.api.urls import common_urlpatterns
from rustok.urls import api_patterns

API_APPS = ("security", "events", "webhooks", "catalog", "customers", "orders", "payments", "insights", "flags")

urlpatterns = [
    path("api/v1/", include(api_patterns(API_APPS, "tenant"))),
    path("ofrep/v1/", include("apps.flags.api.ofrep_urls")),
    *common_urlpatterns,
    path("admin/", tenant_site.urls),
]

handler400 = "rustok.api.handlers.bad_request"
handler403 = "rustok.api.handlers.permission_denied"
handler404 = "rustok.api.handlers.not_found"
handler500 = "rustok.api.handlers.server_error"
