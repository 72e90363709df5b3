"""The placement rules in force, and who stands for them: defaults are confirmed here, or edited in the admin."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import ngettext
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from vendors.domain.profile import confirm, install_default_profile
from vendors.domain.siting import ruled, rules_of
from vendors.enums import SiteKind
from vendors.models import PlacementRule
from vendors.views.common import require
from vendors.views.planning import planner


@never_cache
@require_http_methods(["GET", "POST"])
def page(request: HttpRequest) -> HttpResponse:
    """`/plan/rules/`; POST `do=adopt` takes the defaults over, `do=confirm` with `rule` (several, or none for all) confirms."""
    planner(request)
    may = request.user.has_perm("vendors.change_placementrule")
    if request.method == "POST":
        require(may)
        return _done(request)
    in_force = rules_of(timezone.localdate())
    context = {
        "rules": in_force,
        "profile": in_force[0].profile if in_force else None,
        "unruled": [kind.label for kind in SiteKind if not ruled(kind, in_force)],
        "unconfirmed": sum(rule.awaits_confirmation for rule in in_force),
        "may": may,
    }
    return render(request, "vendors/rules.html", context)


def _done(request: HttpRequest) -> HttpResponse:
    user: Any = request.user
    if request.POST.get("do") == "adopt":
        profile = install_default_profile()
        messages.success(request, _("已采用“%s”。各条待本市确认。") % profile.name)
    else:
        chosen = [key for key in request.POST.getlist("rule") if key.isdecimal()]
        found = PlacementRule.objects.filter(profile__in_use=True)
        count = confirm(found.filter(pk__in=chosen) if chosen else found, by=user)
        messages.success(
            request, ngettext("已确认 %(n)s 条规则。", "已确认 %(n)s 条规则。", count) % {"n": count}
        )
    return redirect("plan-rules")
