"""The city itself."""

from typing import Any, ClassVar

from django.core.cache import cache
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _

from gridmgr.core.history import tracked

KEPT_S = 60.0  # how long a process tells the name it has read


@tracked(told=False, given=True)
class City(models.Model):
    """The city of this database; there is one row at most."""

    id = models.SmallAutoField(primary_key=True)
    name = models.CharField(_("城市名称"), max_length=40)

    class Meta:
        verbose_name = verbose_name_plural = _("城市")
        constraints: ClassVar = [
            models.CheckConstraint(name="city_is_one", condition=Q(id=1)),
            models.CheckConstraint(name="city_has_a_name", condition=~Q(name="")),
        ]

    def __str__(self) -> str:
        return self.name

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.pk = 1
        super().save(*args, **kwargs)
        cache.delete("city-name")


def city_name() -> str:
    """What the city is called, '' as long as nobody said; read from the database at most once a minute per process."""
    return str(cache.get_or_set("city-name", _stored_name, KEPT_S))


def _stored_name() -> str:
    return City.objects.values_list("name", flat=True).first() or ""
