from typing import Any, ClassVar

from django.contrib import admin
from django.http import HttpRequest

from gridmgr.core.backoffice import GridAdmin, GridInline, SharedAdmin
from grids.forms import (
    AssignmentForm,
    BranchForm,
    MemberOfBranchForm,
    MembersOfBranch,
    ShareForm,
    give_out,
    hand_over,
)
from grids.models import (
    Assignment,
    Backdrop,
    Branch,
    Carriageway,
    Crossing,
    Facility,
    Kerb,
    Member,
    MemberAssignment,
    Road,
    RoadGap,
)


class ReadOnly:
    """What imports derive: to look at, not to edit by hand."""

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Road)
class RoadAdmin(GridAdmin):
    list_display = ("name", "road_class", "carriageway_kind", "length_m", "width_m")
    list_filter = ("road_class", "carriageway_kind")
    search_fields = ("name", "name_en")
    readonly_fields = ("length_m",)


class MemberInline(GridInline):
    model = Member
    form = MemberOfBranchForm
    formset = MembersOfBranch


@admin.register(Branch)
class BranchAdmin(GridAdmin):
    form = BranchForm
    list_display = ("code", "name", "founded")
    list_display_links = ("code", "name")
    search_fields = ("code", "name")
    inlines: ClassVar = [MemberInline]

    def get_queryset(self, request: HttpRequest) -> Any:
        return super().get_queryset(request).defer("area")


@admin.register(Member)
class MemberAdmin(GridAdmin):
    list_display = ("name", "branch", "role", "phone", "joined_on", "left_on", "user")
    list_filter = ("role", "branch")
    list_select_related = ("branch", "user")
    search_fields = ("name", "branch__code", "branch__name")
    autocomplete_fields: ClassVar = ["branch", "user"]


class GivenOnce(GridAdmin):
    """What is given out once and then ended, never rewritten; saving a new one goes through the domain."""

    give: Any
    fixed: ClassVar[tuple[str, ...]]

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return () if obj is None else self.fixed

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        if change:
            super().save_model(request, obj, form, change)
            return
        made = type(self).give(obj)
        obj.pk, obj._state.adding, obj._state.db = made.pk, False, made._state.db


@admin.register(Assignment)
class AssignmentAdmin(GivenOnce):
    form = AssignmentForm
    give = staticmethod(give_out)
    fixed = ("branch", "road", "stretch", "period")
    list_display = ("road", "branch", "stretch", "period", "note")
    list_filter = ("branch",)
    list_select_related = ("road", "branch")
    search_fields = ("road__name", "branch__name", "branch__code")
    autocomplete_fields: ClassVar = ["branch", "road"]


@admin.register(MemberAssignment)
class MemberAssignmentAdmin(GivenOnce):
    form = ShareForm
    give = staticmethod(hand_over)
    fixed = ("assignment", "member", "stretch", "period")
    list_display = ("member", "assignment", "stretch", "period")
    list_filter = ("member__branch",)
    list_select_related = ("member", "assignment__road")
    search_fields = ("member__name", "assignment__road__name")
    autocomplete_fields: ClassVar = ["assignment", "member"]


@admin.register(Carriageway)
class CarriagewayAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("source_id", "name", "highway", "oneway", "lanes", "width_m")
    list_filter = ("highway",)
    search_fields = ("name", "source_id")
    show_full_result_count = False
    exclude = ("line",)


@admin.register(RoadGap)
class RoadGapAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("road", "stretch")
    list_select_related = ("road",)
    search_fields = ("road__name",)


@admin.register(Kerb)
class KerbAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("road", "side")
    list_select_related = ("road",)
    search_fields = ("road__name",)
    exclude = ("line", "measures")


@admin.register(Crossing)
class CrossingAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("road", "other", "at_m")
    list_select_related = ("road", "other")
    search_fields = ("road__name", "other__name")


@admin.register(Facility)
class FacilityAdmin(SharedAdmin):
    list_display = ("kind", "name", "width_m", "source")
    list_filter = ("kind",)
    search_fields = ("name", "source_id")
    show_full_result_count = False


@admin.register(Backdrop)
class BackdropAdmin(ReadOnly, admin.ModelAdmin):
    list_display = ("kind", "name", "source_id")
    list_filter = ("kind",)
    search_fields = ("name",)
    exclude = ("area",)
