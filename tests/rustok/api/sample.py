"""Endpoints and plain views for the tests of the plumbing. Nothing here is served by the platform."""

from __future__ import annotations

from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import OperationalError, connection
from django.http import Http404, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import path
from rest_framework.exceptions import ParseError
from rest_framework.response import Response
from rest_framework.views import APIView

from rustok.api import Answer, Body, Endpoint, Out, Page, PageQuery, Query, operation, paginate
from rustok.api.models import Line
from rustok.audit import AuditEntry
from rustok.db.transactions import unit_of_work
from rustok.errors.families import VersionConflict
from rustok.operations import PUBLIC, Criticality

SECRET = "the password is hunter2"


class ThingBody(Body):
    name: Line


class ThingOut(Out):
    name: str
    version: int


class ThingFilter(PageQuery):
    name: str | None = None


class Things(Endpoint):
    @operation("sample.list", permission="thing:read", criticality=Criticality.LOW, query=ThingFilter, answer=Page[str])
    def get(self, call):
        from apps.security.models import AuditEntry as Row

        rows = Row.objects.filter(action="sample:make")
        if call.query.name:
            rows = rows.filter(target=call.query.name)
        ordering = ("target", "-id") if call.request.path.endswith("sorted/") else ("-id",)
        return paginate(rows, call, to_dict=lambda row: row.target, ordering=ordering)

    @operation(
        "sample.make",
        permission="thing:create",
        criticality=Criticality.NORMAL,
        body=ThingBody,
        answer=ThingOut,
        status=201,
        idempotent=True,
        errors=(VersionConflict,),
    )
    def post(self, call):
        if call.if_match not in (None, 1):
            raise VersionConflict(resource="thing", current=1)
        with unit_of_work() as uow:
            uow.audit(AuditEntry(action="sample:make", target=call.body.name))
        return Answer({"name": call.body.name, "version": 1}, headers={"Location": "/things/1/"})


class Open(Endpoint):
    @operation("sample.open", permission=PUBLIC, criticality=Criticality.LOW, query=Query, answer=ThingOut)
    def get(self, call):
        return ThingOut(name=call.context.request_id, version=7)

    @operation("sample.forget", permission=PUBLIC, criticality=Criticality.LOW)
    def delete(self, call):
        return None


class Broken(Endpoint):
    @operation("sample.defect", permission=PUBLIC, criticality=Criticality.LOW, answer=ThingOut)
    def get(self, call):
        raise RuntimeError(SECRET)

    @operation("sample.database", permission=PUBLIC, criticality=Criticality.LOW, answer=ThingOut)
    def post(self, call):
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL statement_timeout = 20")
            cursor.execute("SELECT pg_sleep(5)")


class Classic(APIView):
    """A view of the REST framework as its manual shows it."""

    def get(self, request):
        if "error" in request.query_params:
            raise {"unreadable": ParseError, "defect": RuntimeError}[request.query_params["error"]](SECRET)
        return Response({"who": request.user.label})

    def post(self, request):
        return Response(request.data, status=201)

    def delete(self, request):
        return Response(status=204)


def raising(error):
    def view(request):
        raise error

    return view


urlpatterns = [
    path("things/", Things.as_view()),
    path("things/sorted/", Things.as_view()),
    path("open/", Open.as_view()),
    path("broken/", Broken.as_view()),
    path("classic/", Classic.as_view()),
    path("plain/defect/", raising(RuntimeError(SECRET))),
    path("plain/404/", raising(Http404(SECRET))),
    path("plain/403/", raising(PermissionDenied(SECRET))),
    path("plain/400/", raising(SuspiciousOperation(SECRET))),
    path("plain/503/", raising(OperationalError(SECRET))),
    path("plain/405/", lambda request: HttpResponseNotAllowed(["PUT"])),
    path("plain/form/", lambda request: HttpResponse(request.POST.get("a", ""))),
    path("admin/autocomplete/", lambda request: JsonResponse({"error": SECRET}, status=403)),
    path("admin/missing/", raising(Http404(SECRET))),
    path("admin/defect/", raising(RuntimeError(SECRET))),
]
handler400 = "rustok.api.handlers.bad_request"
handler403 = "rustok.api.handlers.permission_denied"
handler404 = "rustok.api.handlers.not_found"
handler500 = "rustok.api.handlers.server_error"
