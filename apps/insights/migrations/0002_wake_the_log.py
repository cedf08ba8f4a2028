"""A shop that is idle gets its read models too: a wake-up makes the relay enrol the new projections in its log."""

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
    dependencies = [("insights", "0001_read_models")]

    operations = [migrations.RunPython(wake, migrations.RunPython.noop, elidable=True)]
