"""Words that are kept before it is known in which language they will be read.

Kept are the untranslated words and what goes into them, as plain JSON; a finished text is kept as it is.
"""

from datetime import date
from typing import Any

from django.utils.dateformat import format as date_format
from django.utils.translation import gettext as _

Kept = str | list[Any]

# A longer text than this has gone wrong somewhere.
MOST = 500


def keep(words: str, *parts: Any) -> list[Any]:
    """`words` (marked with gettext_noop) with a `%s` for each part: a text, a number, a day, other kept words."""
    return [words, *({"day": part.isoformat()} if isinstance(part, date) else part for part in parts)]


def said(kept: Any) -> str:
    """Kept words in the language of whoever reads them now."""
    if isinstance(kept, dict):
        return date_format(date.fromisoformat(kept["day"]), _("Y年n月j日"))
    if isinstance(kept, list):
        words, *parts = kept
        return _(words) % tuple(said(part) for part in parts) if parts else _(words)
    return str(kept)


def fitted(kept: Any) -> Any:
    """The same with each text at most so long, and without the character that PostgreSQL refuses."""
    if isinstance(kept, list):
        return [fitted(part) for part in kept]
    return kept.replace("\0", "")[:MOST] if isinstance(kept, str) else kept
