"""REST plumbing: declare an operation, get authentication, strict parsing, idempotency, problems and OpenAPI with it.

    class OrderCollection(Endpoint):
        @operation("orders.create", permission="order:create", criticality=Criticality.CRITICAL, body=CreateOrderBody,
                   answer=OrderOut, status=201, errors=(InvalidProduct,), idempotent=True, summary=_("Place an order"))
        def post(self, call: Call[CreateOrderBody, None]) -> dict[str, Any]:
            return order_out(create_order(input=..., context=call.context))

        @operation("orders.list", permission="order:read", criticality=Criticality.NORMAL, query=OrderFilter,
                   answer=Page[OrderOut], summary=_("List orders"))
        def get(self, call: Call[None, OrderFilter]) -> dict[str, Any]:
            return paginate(Order.objects.all(), call, to_dict=order_out, ordering=("-id",))

Bodies derive from `Body`, filters from `PageQuery` (or `Query` where nothing is paged), answers from `Out`. Name
`VersionConflict` among `errors` and the operation reads `If-Match`. No domain rule lives here.
"""

from rustok.api.calls import Answer, Call
from rustok.api.declaration import operation
from rustok.api.endpoint import Endpoint
from rustok.api.models import Body, Out, Query
from rustok.api.paging import Page, PageQuery, paginate

__all__ = ["Answer", "Body", "Call", "Endpoint", "Out", "Page", "PageQuery", "Query", "operation", "paginate"]
