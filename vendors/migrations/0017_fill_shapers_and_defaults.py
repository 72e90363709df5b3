"""Who shaped the proposals that wait, as history tells: each of them was its proposer for a while. The demo's rules are defaults."""

from typing import Any

from django.db import migrations

PLANNED = ("proposed", "returned")


def fill(apps: Any, schema_editor: Any) -> None:
    site_model, events = apps.get_model("vendors", "Site"), apps.get_model("vendors", "SiteEvent").objects
    sites = {site.pk: site for site in site_model.objects.filter(state__in=PLANNED)}
    shapers: dict[Any, set[Any]] = {pk: set() for pk in sites}
    rows = events.filter(pgh_obj_id__in=list(sites)).order_by("pgh_id")
    for pk, state, proposer in rows.values_list("pgh_obj_id", "state", "proposed_by_id"):
        if state not in PLANNED:
            shapers[pk].clear()  # what was approved is another proposal
        elif proposer:
            shapers[pk].add(proposer)
    for pk, site in sites.items():
        found = shapers[pk] | ({site.proposed_by_id} if site.proposed_by_id else set())
        if found - set(site.shapers):
            site_model.objects.filter(pk=pk).update(shapers=sorted(found))
    rules = apps.get_model("vendors", "PlacementRule").objects
    rules.filter(profile__is_demo=True).update(is_default=True)


class Migration(migrations.Migration):
    dependencies = [("vendors", "0016_shapers_and_default_rules")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
