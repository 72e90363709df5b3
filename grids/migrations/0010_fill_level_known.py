"""Ways of a table that has no column for bridge, tunnel or level: their level isn't known.

Which columns a file had is not on record. Ways of OpenStreetMap know their level; of others it is known when one of them
is said to be a bridge or tunnel, or off the ground. Importing the file again settles it.
"""

from typing import Any

from django.db import migrations
from django.db.models import Q


def fill(apps: Any, _schema: Any) -> None:
    others = apps.get_model("grids", "Carriageway").objects.filter(osm_id__isnull=True)
    if not others.filter(Q(bridge=True) | Q(tunnel=True) | ~Q(level=0)).exists():
        others.update(level_known=False)


class Migration(migrations.Migration):
    dependencies = [("grids", "0009_carriageway_level_known")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
