"""The cells of a list: some hundreds on a page, of which a template's own tags would take half the page's time."""

from collections.abc import Iterable
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString

register = template.Library()


@register.simple_tag
def cells(row: Iterable[Any]) -> SafeString:
    """One `<td>` for each Cell (gridmgr/desk/lists.py)."""
    return format_html_join(
        "", '<td class="{}" data-label="{}">{}</td>', ((c.css, c.label, _inside(c)) for c in row)
    )


def _inside(cell: Any) -> str:
    return format_html('<a href="{}">{}</a>', cell.url, cell.text) if cell.url else str(cell.text)
