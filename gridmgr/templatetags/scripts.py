"""The scripts of a page: ES modules."""

from django import template
from django.templatetags.static import static
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

from gridmgr.core.scripts import modules_of

register = template.Library()


@register.simple_tag
def module(name: str) -> SafeString:
    """The module of that static name; what it imports is asked for with it, rather than as each is read."""
    *imported, entry = modules_of(name)
    ahead = format_html_join(
        "", '<link rel="modulepreload" href="{}">', ((static(each),) for each in imported)
    )
    return format_html('{}<script type="module" src="{}"></script>', ahead, static(entry))
