"""What a planner may do with a site, for its page."""

from typing import Any

from django import template

from gridmgr.core.accounts.audience import audience_of
from vendors.domain.states import steps_from
from vendors.models import Site
from vendors.rights import may_plan

register = template.Library()


@register.inclusion_tag("vendors/_site_steps.html", takes_context=True)
def site_steps(context: dict[str, Any], site: Site) -> dict[str, Any]:
    """The planner's panel on a site's page: plan, pitches, review, open, suspend, close. Nothing for other readers."""
    request = context["request"]
    allowed = may_plan(audience_of(request.user))
    return {
        "allowed": allowed,
        "site": site,
        "steps": [step for step in steps_from(site.state) if step not in {"approve", "reject"}]
        if allowed
        else [],
        "request": request,
        "csrf_token": context.get("csrf_token", ""),
    }
