"""The relay enrols the new projection in idle logs too: a wake-up for each, as 0002 did."""

from django.db import migrations

from rustok.db.ids import new_id


def wake(_apps, schema_editor):
    with schema_editor.connection.cursor() as cursor:
        cursor.execute(
            "INSERT INTO public.operations_wakeup (id, tenant_id)"
            " SELECT %s, id FROM public.tenants_tenant WHERE schema_name = current_schema()",
            [new_id()],
        )


class Migration(migrations.Migration):
    dependencies = [("insights", "0003_orders_by_status")]

    operations = [migrations.RunPython(wake, migrations.RunPython.noop, elidable=True)]
