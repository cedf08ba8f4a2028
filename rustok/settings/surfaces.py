"""HTTP, console, REST, languages, security of the surfaces."""

from __future__ import annotations

from typing import Any

from django.urls import reverse_lazy
from django.utils.translation import gettext_lazy as _

from rustok.config import ROOT, config

SECRET_KEY = config().secret_key.get_secret_value()
SECRET_KEY_FALLBACKS = [key.get_secret_value() for key in config().secret_key_fallbacks]
DEBUG = config().debug
ALLOWED_HOSTS = ["*"]  # the tenant resolution answers unknown hosts itself, with a problem document
USE_X_FORWARDED_HOST = False
ROOT_URLCONF = "rustok.urls.tenant"
PUBLIC_SCHEMA_URLCONF = "rustok.urls.platform"
WSGI_APPLICATION = "rustok.wsgi.application"
APPEND_SLASH = False

MIDDLEWARE = [
    "apps.health.middleware.HealthMiddleware",
    "rustok.api.middleware.RequestMiddleware",
    "apps.security.zero_trust.address.AddressLimitMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "rustok.api.middleware.MissingFileMiddleware",
    "apps.tenants.middleware.TenantResolutionMiddleware",
    "apps.security.zero_trust.origins.OriginMiddleware",
    "rustok.i18n.middleware.LocaleMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "apps.security.middleware.ConsoleActorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
]

TEMPLATES: list[dict[str, Any]] = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [ROOT / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "apps.console.context.scope",
                "rustok.api.headers.nonce",
            ]
        },
    }
]

AUTHENTICATION_BACKENDS = (
    "apps.security.backends.ConsoleBackend",
    "apps.security.identity.visitors.VisitBackend",  # operators inside a shop, for the time of a visit
)
PASSWORD_HASHERS = ("apps.security.hashers.Argon2id",)
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "apps.security.identity.passwords.LengthValidator"},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "apps.security.identity.passwords.LeakedPasswordValidator"},
]
LOGIN_URL = reverse_lazy("admin:login")

SESSION_ENGINE = "apps.security.identity.sessions"
SESSION_COOKIE_AGE = int(config().session_lifetime)
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = config().scheme == "https"
# Another shop's host under the same domain cannot set these for this one (RFC 6265bis, section 4.1.3.2).
_HOST_ONLY = "__Host-" if SESSION_COOKIE_SECURE else ""
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = f"{_HOST_ONLY}rustok_session", f"{_HOST_ONLY}csrftoken"
CSRF_COOKIE_HTTPONLY = True
CSRF_FAILURE_VIEW = "rustok.api.handlers.csrf_failure"
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_SSL_REDIRECT = False  # TLS ends at the proxy in front
# Django would have its own middlewares set the headers that `rustok.api.headers` sets on every answer, probes included.
SILENCED_SYSTEM_CHECKS = ["security.W001", "security.W002"]
DATA_UPLOAD_MAX_MEMORY_SIZE = config().body_limit
MESSAGE_STORAGE = "django.contrib.messages.storage.session.SessionStorage"

LANGUAGE_CODE = "en"
LANGUAGES = [("en", _("English")), ("ru", _("Russian"))]
LOCALE_PATHS = [ROOT / "locale"]
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"

STATIC_URL = "/static/"
STATIC_ROOT = ROOT / "staticfiles"
STATICFILES_DIRS = [ROOT / "static"]
WHITENOISE_USE_FINDERS = True
WHITENOISE_AUTOREFRESH = False

REST_FRAMEWORK: dict[str, Any] = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["apps.security.authentication.BearerAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": [],
    "DEFAULT_RENDERER_CLASSES": ["rustok.wire.rendering.OrjsonRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rustok.wire.parsing.OrjsonParser"],
    "EXCEPTION_HANDLER": "rustok.api.handlers.exception_handler",
    "DEFAULT_SCHEMA_CLASS": "rustok.api.schema.OperationSchema",
    "UNAUTHENTICATED_USER": None,
}
SPECTACULAR_SETTINGS: dict[str, Any] = {
    "TITLE": "RusToK",
    "DESCRIPTION": "Multi-tenant commerce platform kernel.",
    "VERSION": "1.0.0",
    "OAS_VERSION": "3.1.0",
    "SERVE_INCLUDE_SCHEMA": False,
    "POSTPROCESSING_HOOKS": [],  # its names for enumerations collide; ours stand where they are used
    "SWAGGER_UI_DIST": "SIDECAR",
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "REDOC_DIST": "SIDECAR",
}
