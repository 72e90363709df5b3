"""A later transaction of a request that has more to say (a step, a reason) says it in a row of its own.

The library writes it over the row of the earlier one, whose changes would then have been made for another reason.
"""

from django.db import migrations

ATTACH_CONTEXT = """
    CREATE OR REPLACE FUNCTION _pgh_attach_context() RETURNS uuid LANGUAGE plpgsql AS $$
        DECLARE
            the_id uuid := NULLIF(current_setting('pghistory.context_id', true), '')::uuid;
            the_metadata jsonb := NULLIF(current_setting('pghistory.context_metadata', true), '')::jsonb;
        BEGIN
            IF the_id IS NULL OR the_metadata IS NULL THEN
                RETURN NULL;
            END IF;
            INSERT INTO pghistory_context AS known (id, metadata, created_at, updated_at)
            VALUES (the_id, the_metadata, now(), now())
            ON CONFLICT (id) DO UPDATE SET metadata = EXCLUDED.metadata, updated_at = EXCLUDED.updated_at
            WHERE known.metadata <> EXCLUDED.metadata AND known.created_at = now();
            IF NOT FOUND AND EXISTS (
                SELECT FROM pghistory_context WHERE id = the_id AND metadata <> the_metadata
            ) THEN
                the_id := md5(the_id::text || the_metadata::text)::uuid;
                INSERT INTO pghistory_context (id, metadata, created_at, updated_at)
                VALUES (the_id, the_metadata, now(), now())
                ON CONFLICT (id) DO NOTHING;
            END IF;
            RETURN the_id;
        END;
    $$
"""


def librarys_own(apps, schema_editor):
    from pghistory.models import Context

    Context.install_pgh_attach_context_func(using=schema_editor.connection.alias)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0003_history_stays"), ("pghistory", "0007_auto_20250421_0444")]

    operations = [
        migrations.RunSQL(ATTACH_CONTEXT, migrations.RunSQL.noop),
        migrations.RunPython(migrations.RunPython.noop, librarys_own),
    ]
