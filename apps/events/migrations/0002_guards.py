"""Facts stay as they were recorded: triggers refuse to change or delete them, whoever asks.

The update guard costs nothing when a position is given (its columns are not in that statement). Retention deletes in a
transaction that has said so: `SET LOCAL rustok.retention = 'on'`.
"""

from django.db import migrations

CREATE = """
CREATE FUNCTION events_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_OP = 'DELETE' AND coalesce(current_setting('rustok.retention', true), '') = 'on' THEN
        RETURN NULL;
    END IF;
    RAISE EXCEPTION 'recorded events are never changed or deleted' USING ERRCODE = 'restrict_violation';
END $$;
CREATE TRIGGER events_event_facts_stay BEFORE UPDATE OF
    id, seq, stream, version, type, schema_version, data, metadata, recorded_at ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change();
CREATE TRIGGER events_event_position_stays BEFORE UPDATE OF position ON events_event
    FOR EACH ROW WHEN (OLD.position IS NOT NULL) EXECUTE FUNCTION events_refuse_change();
CREATE TRIGGER events_event_rows_stay BEFORE DELETE ON events_event
    FOR EACH STATEMENT EXECUTE FUNCTION events_refuse_change();
"""
DROP = """
DROP TRIGGER events_event_facts_stay ON events_event;
DROP TRIGGER events_event_position_stays ON events_event;
DROP TRIGGER events_event_rows_stay ON events_event;
DROP FUNCTION events_refuse_change();
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_log")]

    operations = [migrations.RunSQL(CREATE, DROP)]
