"""OFREP's own addresses, below `/ofrep/v1/` on either side; no slash at their end, as the protocol has it."""

from django.urls import path

from apps.flags.api.ofrep import EvaluateFlag, EvaluateFlags

urlpatterns = [
    path("evaluate/flags", EvaluateFlags.as_view()),
    path("evaluate/flags/<kebab:key>", EvaluateFlag.as_view()),
]
