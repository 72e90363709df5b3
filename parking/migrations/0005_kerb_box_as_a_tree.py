"""kerb_box is kept as PostgreSQL read it, not as text: it means the same under any search_path, and is still inlined."""

from django.db import migrations

SIGNATURE = (
    "kerb_box(road bigint, side text, stretch numrange) RETURNS box LANGUAGE sql IMMUTABLE PARALLEL SAFE"
)
BOX = """box(
    point((round(lower(stretch) * 1000000))::float8, CASE side WHEN 'left' THEN -road ELSE road END),
    point((round(upper(stretch) * 1000000) - 1)::float8, CASE side WHEN 'left' THEN -road ELSE road END + 0.5)
)"""


class Migration(migrations.Migration):
    dependencies = [("parking", "0004_data_changes_weighed")]

    operations = [
        migrations.RunSQL(
            f"CREATE OR REPLACE FUNCTION {SIGNATURE} RETURN {BOX}",
            f"CREATE OR REPLACE FUNCTION {SIGNATURE} AS $$ SELECT {BOX} $$",
        )
    ]
