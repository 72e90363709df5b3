import re
from typing import Any, ClassVar, cast

from django.contrib import admin
from django.core.exceptions import ValidationError
from django.forms import ModelForm
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.accounts.audience import audience_of
from gridmgr.core.accounts.models import User
from gridmgr.core.admin_forms import TrialForm
from gridmgr.core.backoffice import GridAdmin, GridInline
from vendors.domain.guide import SLIP, new_slip
from vendors.domain.naming import follow_places
from vendors.models import (
    Allocation,
    Guidance,
    IdentityLook,
    Override,
    Pitch,
    PitchHold,
    PlacementRule,
    RuleProfile,
    Site,
    Vendor,
    WaitingEntry,
)
from vendors.rights import may_see_identity
from vendors.triggers import APPROVED, AS_APPROVED

# The rest of a plan, which measuring a road anew moves along, so that only people are kept from changing it alone.
PLANNED = (*AS_APPROVED, "road", "side", "stretch")


@admin.register(Site)
class SiteAdmin(GridAdmin):
    """A site's state and approval are for its own pages: here they are read. What was approved is changed on the planner's page."""

    list_display = ("code", "name", "kind", "state", "road", "side", "stretch", "capacity")
    list_display_links = ("code", "name")
    list_filter = ("kind", "state")
    list_select_related = ("road",)
    search_fields = ("code", "name", "road__name")
    autocomplete_fields: ClassVar = ["road"]
    readonly_fields = ("state", "proposed_by", "approved_by", "approved_at", "returned_for")

    def get_readonly_fields(self, request: HttpRequest, obj: Site | None = None) -> tuple[str, ...]:
        planned = PLANNED if obj is not None and obj.state in APPROVED else ()
        return (*self.readonly_fields, *planned)

    def save_model(self, request: HttpRequest, obj: Site, form: ModelForm, change: bool) -> None:
        """Whoever enters a site proposes it; who changes its plan later is kept beside them (vendors.triggers)."""
        if not change or obj.proposed_by_id is None:
            obj.proposed_by = cast(User, request.user)
        super().save_model(request, obj, form, change)
        if "name" not in form.changed_data:
            follow_places(Site.objects.filter(pk=obj.pk))


@admin.register(Pitch)
class PitchAdmin(GridAdmin):
    list_display = ("site", "number")
    list_display_links = ("site", "number")
    list_select_related = ("site",)
    search_fields = ("site__code", "site__name", "number")
    autocomplete_fields: ClassVar = ["site"]


@admin.register(Vendor)
class VendorAdmin(GridAdmin):
    list_display = ("name", "goods", "phone")
    search_fields = ("name", "goods")


@admin.register(IdentityLook)
class IdentityLookAdmin(admin.ModelAdmin):
    """Who was shown a whole identity number: for administrators to read, for nobody to change."""

    list_display = ("at", "username", "vendor_name", "vendor_key", "way")
    list_display_links = None
    list_filter = ("at",)
    search_fields = ("username", "vendor_name", "=vendor_key")
    list_per_page = 100
    show_full_result_count = False

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_view_permission(self, request: HttpRequest, obj: IdentityLook | None = None) -> bool:
        return may_see_identity(audience_of(request.user))

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: IdentityLook | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: IdentityLook | None = None) -> bool:
        return False


@admin.register(Allocation)
class AllocationAdmin(GridAdmin):
    list_display = ("pitch", "vendor", "period")
    list_select_related = ("pitch__site", "vendor")
    search_fields = ("vendor__name", "pitch__site__code", "pitch__site__name")
    autocomplete_fields: ClassVar = ["pitch", "vendor"]


@admin.register(WaitingEntry)
class WaitingEntryAdmin(GridAdmin):
    list_display = ("site", "vendor", "since", "left_at")
    list_select_related = ("site", "vendor")
    search_fields = ("site__code", "site__name", "vendor__name")
    autocomplete_fields: ClassVar = ["site", "vendor"]


class GuidanceForm(TrialForm):
    """A record keeps a number that its slip can be found by."""

    def clean_slip(self) -> str:
        slip: str = self.cleaned_data["slip"]
        if not re.fullmatch(SLIP, slip):
            raise ValidationError(_("凭条号须像 %s 这样。") % new_slip())
        return slip


@admin.register(Guidance)
class GuidanceAdmin(GridAdmin):
    form = GuidanceForm
    list_display = ("slip", "at", "officer", "branch", "site", "outcome")
    list_filter = ("outcome", "branch")
    list_select_related = ("officer", "branch", "site")
    search_fields = ("slip", "site__name")
    autocomplete_fields: ClassVar = ["officer", "branch", "vendor", "site"]


@admin.register(PitchHold)
class PitchHoldAdmin(GridAdmin):
    list_display = ("pitch", "during", "vendor", "made_by")
    list_select_related = ("pitch__site", "vendor", "made_by")
    autocomplete_fields: ClassVar = ["pitch", "vendor", "guidance", "made_by"]


class RuleInline(GridInline):
    model = PlacementRule


@admin.register(RuleProfile)
class RuleProfileAdmin(GridAdmin):
    list_display = ("name", "in_use")
    search_fields = ("name",)
    inlines: ClassVar = [RuleInline]

    def save_formset(self, request: HttpRequest, form: Any, formset: Any, change: bool) -> None:
        """Who edits rules stands for them; those that were not touched go on waiting."""
        for rule in formset.save(commit=False):
            _stood_for(rule, request)
        super().save_formset(request, form, formset, change)


def _stood_for(rule: Any, request: HttpRequest) -> None:
    rule.confirmed_by, rule.confirmed_at = cast(User, request.user), timezone.now()


@admin.register(PlacementRule)
class PlacementRuleAdmin(GridAdmin):
    list_display = ("code", "profile", "applies_to", "check_kind", "target", "amount", "severity", "valid")
    list_filter = ("profile", "applies_to", "severity")
    list_select_related = ("profile",)
    search_fields = ("code", "clause")

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: bool) -> None:
        """Who edits a rule stands for it."""
        _stood_for(obj, request)
        super().save_model(request, obj, form, change)


@admin.register(Override)
class OverrideAdmin(GridAdmin):
    list_display = ("site", "rule_code", "asked_by", "approved_by", "at")
    list_select_related = ("site", "asked_by", "approved_by")
    search_fields = ("site__code", "site__name", "rule_code")
    autocomplete_fields: ClassVar = ["site", "asked_by", "approved_by"]
