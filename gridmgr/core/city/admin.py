from django.contrib import admin
from django.http import HttpRequest

from gridmgr.core.backoffice import GridAdmin
from gridmgr.core.city.models import City


@admin.register(City)
class CityAdmin(GridAdmin):
    """What the city is called; there is one."""

    list_display = ("name",)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return super().has_add_permission(request) and not City.objects.exists()
