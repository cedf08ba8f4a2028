"""Routes of this app under `/api/v1/`, on both hosts."""

from django.urls import path

from apps.security.api import account, roles, tokens, trust, views

tenant_urlpatterns = [
    path("api-keys/", views.ApiKeyCollection.as_view()),
    path("api-keys/<uuid:id>/", views.ApiKeyItem.as_view()),
    path("api-keys/<uuid:id>/rotate/", views.ApiKeyRotation.as_view()),
    path("tokens/", tokens.TokenCollection.as_view()),
    path("tokens/keys/", tokens.TokenKeys.as_view()),
    path("tokens/revoke/", tokens.TokenRevocation.as_view()),
    path("tokens/<uuid:id>/", tokens.TokenItem.as_view()),
    path("sessions/", account.SessionCollection.as_view()),
    path("sessions/<uuid:id>/", account.SessionItem.as_view()),
    path("factors/", account.FactorCollection.as_view()),
    path("factors/<uuid:id>/remove/", account.FactorRemoval.as_view()),
    path("roles/", roles.RoleCollection.as_view()),
    path("roles/<slug:slug>/", roles.RoleItem.as_view()),
    path("roles/<slug:slug>/assign/", roles.RoleAssignment.as_view()),
    path("explain/", roles.PermissionExplanation.as_view()),
    path("signing-keys/", trust.SigningKeyCollection.as_view()),
    path("signing-keys/<uuid:id>/", trust.SigningKeyItem.as_view()),
    path("signing-keys/<uuid:id>/rotate/", trust.SigningKeyRotation.as_view()),
    path("signature/explain", trust.SignatureExplanation.as_view()),
    path("trust-policy/", trust.TrustPolicyItem.as_view()),
    path("audit/", views.AuditCollection.as_view()),
]
platform_urlpatterns = tenant_urlpatterns
