from typing import ClassVar

from django.contrib import admin

from gridmgr.core.backoffice import GridAdmin, GridInline
from parking.models import Bay, CalendarDay, DropOffHours, DropOffPoint, PandaLane, School, SchoolGate


class GateInline(GridInline):
    model = SchoolGate
    fields = ("name", "location")


@admin.register(School)
class SchoolAdmin(GridAdmin):
    list_display = ("name", "kind", "source")
    list_filter = ("kind",)
    search_fields = ("name",)
    inlines: ClassVar = [GateInline]


@admin.register(SchoolGate)
class SchoolGateAdmin(GridAdmin):
    list_display = ("school", "name")
    list_select_related = ("school",)
    search_fields = ("name", "school__name")
    autocomplete_fields: ClassVar = ["school"]


@admin.register(PandaLane)
class PandaLaneAdmin(GridAdmin):
    list_display = ("school", "road", "side", "stretch")
    list_select_related = ("school", "road")
    search_fields = ("school__name", "road__name")
    autocomplete_fields: ClassVar = ["school", "road"]


class HoursInline(GridInline):
    model = DropOffHours


@admin.register(DropOffPoint)
class DropOffPointAdmin(GridAdmin):
    list_display = ("code", "school", "road", "side", "stretch", "capacity")
    list_select_related = ("school", "road")
    search_fields = ("code", "school__name", "road__name")
    autocomplete_fields: ClassVar = ["school", "gate", "road"]
    inlines: ClassVar = [HoursInline]


@admin.register(CalendarDay)
class CalendarDayAdmin(GridAdmin):
    list_display = ("day", "is_school_day", "note")


@admin.register(Bay)
class BayAdmin(GridAdmin):
    list_display = ("number", "kind", "state", "road", "side", "stretch")
    list_filter = ("kind", "state")
    list_select_related = ("road",)
    search_fields = ("number", "road__name")
    autocomplete_fields: ClassVar = ["road"]
