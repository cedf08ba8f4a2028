"""The database's own guard of an order's life: legal moves only, identity and money for ever, one version per change.

The moves repeat `apps.orders.states.ORDER`, frozen here as migrations are; `tests/apps/orders/test_guards.py` compares
the two, so a change of the table needs a migration that replaces the function.
"""

from django.db import migrations

MOVES = (
    ("pending", "cancelled"),
    ("pending", "confirmed"),
    ("confirmed", "cancelled"),
    ("confirmed", "paid"),
    ("paid", "cancelled"),
    ("paid", "shipped"),
    ("shipped", "cancelled"),
    ("shipped", "delivered"),
)
IDENTITY = ("id", "number", "customer_id", "external_id", "currency", "total", "placed_at")
TIMES = ("confirmed_at", "paid_at", "shipped_at", "delivered_at", "cancelled_at")

_moves = ", ".join(f"'{source}>{target}'" for source, target in MOVES)
_old, _new = (", ".join(f"{row}.{name}" for name in IDENTITY) for row in ("OLD", "NEW"))
_rewritten = " OR ".join(f"(OLD.{name} IS NOT NULL AND NEW.{name} IS DISTINCT FROM OLD.{name})" for name in TIMES)

GUARD = f"""
CREATE FUNCTION orders_order_guard() RETURNS trigger LANGUAGE plpgsql AS $guard$
BEGIN
    IF NEW.status IS DISTINCT FROM OLD.status AND OLD.status || '>' || NEW.status NOT IN ({_moves}) THEN
        RAISE EXCEPTION 'an order cannot go from % to %', OLD.status, NEW.status
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_moves';
    END IF;
    IF ({_new}) IS DISTINCT FROM ({_old}) THEN
        RAISE EXCEPTION 'identity and money of an order never change'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_identity';
    END IF;
    IF {_rewritten} THEN
        RAISE EXCEPTION 'a moment in the life of an order never changes'
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_moments';
    END IF;
    IF NEW.version IS DISTINCT FROM OLD.version + 1 THEN
        RAISE EXCEPTION 'a change of an order takes its version from % to %', OLD.version, OLD.version + 1
            USING ERRCODE = 'check_violation', CONSTRAINT = 'order_version';
    END IF;
    RETURN NEW;
END
$guard$;
CREATE TRIGGER orders_order_guard BEFORE UPDATE ON orders_order
    FOR EACH ROW EXECUTE FUNCTION orders_order_guard();

CREATE FUNCTION orders_refuse_update() RETURNS trigger LANGUAGE plpgsql AS $refuse$
BEGIN
    RAISE EXCEPTION 'rows of % never change', TG_TABLE_NAME
        USING ERRCODE = 'check_violation', CONSTRAINT = 'order_record';
END
$refuse$;
CREATE TRIGGER orders_orderline_guard BEFORE UPDATE ON orders_orderline
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_update();
CREATE TRIGGER orders_ordertransition_guard BEFORE UPDATE ON orders_ordertransition
    FOR EACH ROW EXECUTE FUNCTION orders_refuse_update();
"""

UNGUARD = """
DROP TRIGGER orders_ordertransition_guard ON orders_ordertransition;
DROP TRIGGER orders_orderline_guard ON orders_orderline;
DROP TRIGGER orders_order_guard ON orders_order;
DROP FUNCTION orders_refuse_update();
DROP FUNCTION orders_order_guard();
"""


class Migration(migrations.Migration):
    dependencies = [("orders", "0001_initial")]

    operations = [migrations.RunSQL(sql=GUARD, reverse_sql=UNGUARD)]
