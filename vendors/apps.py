from typing import Any

from django.apps import AppConfig
from django.db.models.signals import post_migrate, post_save
from django.utils.translation import gettext_lazy as _


class VendorsConfig(AppConfig):
    name = "vendors"
    verbose_name = _("摊点与商贩")

    def ready(self) -> None:
        from grids.domain.remeasure import measured
        from grids.models import Road
        from vendors import rights  # noqa: F401  (registers permissions)

        post_migrate.connect(begin_with_rules, sender=self)
        measured.connect(_names_follow, sender=Road)
        post_save.connect(_names_follow, sender=Road)


def _names_follow(
    *, instance: Any = None, roads: Any = None, raw: bool = False, created: bool = False, **_more: Any
) -> None:
    """A road was renamed, or roads were measured anew: names of sites that the product gave say so."""
    from vendors.domain.naming import follow_places
    from vendors.models import Site

    if not (raw or created):
        follow_places(Site.objects.filter(road__in=[instance.pk] if roads is None else roads))


def begin_with_rules(*, plan: Any = (), using: str, **_more: Any) -> None:
    """A new city, whose tables this migration makes, starts with the default placement rules.

    A city that was there before is offered them on a page, not given them; a database that is merely emptied has no plan.
    """
    made = {migration.app_label for migration, backward in plan if migration.initial and not backward}
    if using == "default" and "vendors" in made:
        from vendors.domain.profile import install_default_profile

        install_default_profile()
