"""The way to a site by the reader's map app."""

from django import template
from django.urls import reverse

from vendors.layers import SITES
from vendors.models import Site

register = template.Library()


@register.simple_tag
def way_to_site(site: Site) -> str:
    """Address of the page that leads there."""
    return reverse("way", args=[SITES.name, site.code])
