"""What this app keeps up to date with the log."""

from apps.events.projections import register_projection
from apps.insights.projections.customers import CustomerValues
from apps.insights.projections.sales import SalesPerDay
from apps.insights.projections.sellers import BestSellers
from apps.insights.projections.statuses import OrdersByStatus
from apps.insights.projections.stock import StockMovements

for projection in (SalesPerDay(), BestSellers(), StockMovements(), CustomerValues(), OrdersByStatus()):
    register_projection(projection)
