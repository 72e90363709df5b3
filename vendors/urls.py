"""Pages of vendors: the register, the allocation board of a site, the guide and its records."""

from django.urls import path, register_converter
from django.urls.converters import StringConverter

from vendors.domain.guide import SLIP
from vendors.views import (
    board,
    board_steps,
    kerbs,
    planning,
    proposals,
    records,
    register,
    rules,
    slip,
    street,
    suggesting,
)


class SiteCode(StringConverter):
    regex = r"[A-Z0-9-]+"


class SlipNumber(StringConverter):
    regex = SLIP


class PlanStep(StringConverter):
    regex = "open|suspend|resume|close"


register_converter(SiteCode, "site_code")
register_converter(PlanStep, "plan_step")
register_converter(SlipNumber, "slip_number")

urlpatterns = [
    path("vendors/", register.vendor_list, name="vendors"),
    path("vendors/add/", register.add, name="vendor-add"),
    path("vendors/<int:pk>/", register.vendor, name="vendor"),
    path("vendors/<int:pk>/identity/", register.identity, name="vendor-identity"),
    path("vendors/<int:pk>/edit/", register.edit, name="vendor-edit"),
    path("sites/<site_code:code>/pitches/", board.board, name="site-pitches"),
    path("sites/<site_code:code>/pitches/allocate/", board_steps.allocate, name="pitch-allocate"),
    path("sites/<site_code:code>/pitches/offer/", board_steps.offer, name="pitch-offer"),
    path("sites/<site_code:code>/pitches/undo/", board_steps.undo, name="pitch-undo"),
    path(
        "sites/<site_code:code>/pitches/<int:pk>/transfer/", board_steps.transfer, name="allocation-transfer"
    ),
    path("sites/<site_code:code>/pitches/<int:pk>/end/", board_steps.end, name="allocation-end"),
    path("sites/<site_code:code>/pitches/<int:pk>/renew/", board_steps.renew, name="allocation-renew"),
    path("sites/<site_code:code>/waiting/", board_steps.join, name="waiting-join"),
    path("sites/<site_code:code>/waiting/<int:pk>/leave/", board_steps.leave, name="waiting-leave"),
    path("plan/", planning.page, name="plan"),
    path("plan/verdict", planning.verdict, name="plan-verdict"),
    path("plan/nearest", planning.nearest, name="plan-nearest"),
    path("plan/kerbs.geojsonl", kerbs.kerbs, name="plan-kerbs"),
    path("plan/save", planning.save, name="plan-save"),
    path("plan/proposals/", proposals.proposals, name="plan-proposals"),
    path("plan/proposals/<site_code:code>/", proposals.proposal, name="plan-proposal"),
    path("plan/rules/", rules.page, name="plan-rules"),
    path("plan/suggest/", suggesting.suggest, name="plan-suggest"),
    path("plan/suggest/steps", suggesting.steps, name="plan-suggest-steps"),
    path("sites/<site_code:code>/equip/", proposals.equip, name="site-equip"),
    path("sites/<site_code:code>/layout/", proposals.layout, name="site-layout"),
    path("sites/<site_code:code>/step/<plan_step:verb>/", proposals.step, name="site-step"),
    path("guide/", street.guide, name="guide"),
    path("guide/near", street.near, name="guide-near"),
    path("guide/route", street.route, name="guide-route"),
    path("guide/hold/", street.hold, name="guide-hold"),
    path("guide/<slip_number:number>/", slip.slip, name="slip"),
    path("guide/<slip_number:number>/outcome/", slip.outcome, name="slip-outcome"),
    path("guidance/", records.guidance, name="guidance"),
]
