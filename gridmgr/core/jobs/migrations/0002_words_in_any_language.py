"""What a job is called and what came of it: words that are put into the reader's language. Old ones stay as they are."""

from django.db import migrations, models

TEXTS = {"title": "varchar(200)", "words": "varchar(500)", "trouble": "text"}


def altered(column: str, kind: str, value: str) -> str:
    return f"ALTER TABLE jobs_job ALTER COLUMN {column} TYPE {kind} USING {value}"


class Migration(migrations.Migration):
    dependencies = [("jobs", "0001_initial")]

    operations = [
        migrations.RunSQL(
            sql=[altered(name, "jsonb", f"to_jsonb({name})") for name in TEXTS],
            reverse_sql=[altered(name, kind, f"({name} #>> '{{}}')::{kind}") for name, kind in TEXTS.items()],
            state_operations=[
                migrations.AlterField("job", "title", models.JSONField(verbose_name="名称")),
                migrations.AlterField("job", "words", models.JSONField(blank=True, default=str)),
                migrations.AlterField("job", "trouble", models.JSONField(blank=True, default=str)),
            ],
        )
    ]
