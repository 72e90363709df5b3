"""Who approved the sites that stand, and when, as far as that is known.

History tells who set the state and who entered the site; the demo's sites were proposed by its planner and approved by
its administrator. What nobody else is known to have approved is proposed again, and waits for a second person.
"""

from typing import Any

from django.db import migrations

APPROVED = ("approved", "open", "suspended")
DEMO_MAIL = "@demo.invalid"


def fill(apps: Any, schema_editor: Any) -> None:
    site_model, users = apps.get_model("vendors", "Site"), apps.get_model("accounts", "User").objects
    site_model.objects.filter(state="proposed").exclude(approved_by=None).update(approved_by=None)
    sites = list(site_model.objects.filter(state__in=APPROVED))
    first = _demo(users)
    entered: dict[Any, tuple[Any, Any]] = {}
    approved: dict[Any, tuple[Any, Any]] = {}
    events = apps.get_model("vendors", "SiteEvent").objects.filter(pgh_obj_id__in=[site.pk for site in sites])
    for pk, state, at, about in events.order_by("pgh_id").values_list(
        "pgh_obj_id", "state", "pgh_created_at", "pgh_context__metadata"
    ):
        user = (about or {}).get("user")
        entered.setdefault(pk, (user, at))
        if state not in APPROVED:
            approved.pop(pk, None)
        else:
            approved.setdefault(pk, (user, at))
    known = set(users.values_list("pk", flat=True))
    for site in sites:
        demo = first if site.is_demo else (None, None)
        by, at = approved.get(site.pk, (None, None))
        site.proposed_by_id = (
            site.proposed_by_id or _there(entered.get(site.pk, (None,))[0], known) or demo[0]
        )
        site.approved_by_id = site.approved_by_id or _there(by, known) or demo[1]
        site.approved_at = at
        if (
            None in (site.proposed_by_id, site.approved_by_id, at)
            or site.proposed_by_id == site.approved_by_id
        ):
            site.state, site.approved_by_id, site.approved_at = "proposed", None, None
    site_model.objects.bulk_update(
        sites, ["state", "proposed_by", "approved_by", "approved_at"], batch_size=500
    )


def _demo(users: Any) -> tuple[Any, Any]:
    """The demo's planner and administrator, None where there is none."""
    ours = users.filter(email__endswith=DEMO_MAIL).order_by("pk")
    return tuple(
        ours.filter(role=role).values_list("pk", flat=True).first() for role in ("planner", "administrator")
    )


def _there(user: Any, known: set[Any]) -> Any:
    return user if user in known else None


class Migration(migrations.Migration):
    dependencies = [("vendors", "0007_approval_fields")]

    operations = [migrations.RunPython(fill, migrations.RunPython.noop)]
