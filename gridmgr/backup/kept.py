"""The files that the database refers to, and the keys without which it can't be read: a backup takes them along."""

import os
from collections.abc import Iterator
from pathlib import Path

from django.conf import settings
from django.utils.module_loading import import_string

# In GRIDMGR_VAR, one key a line; the environment may give either instead.
SECRET_KEY = "secret-key"  # noqa: S105  (a file's name)
IDENTITY_KEY = "identity-key"
LEAST = 16  # characters of a key


def files() -> Iterator[Path]:
    """Each file that a row of the present snapshot refers to, below GRIDMGR_VAR: settings.GRIDMGR_KEPT_FILES names who knows."""
    for name in settings.GRIDMGR_KEPT_FILES:
        yield from import_string(name)()


def keys() -> dict[str, str]:
    """The contents of the key files that a restored folder needs, whether they came from files or from the environment."""
    found = {SECRET_KEY: f"{settings.SECRET_KEY}\n"}
    path = Path(settings.VAR_DIR) / IDENTITY_KEY
    lines = _listed(os.environ.get("GRIDMGR_IDENTITY_KEY", ""))
    if path.exists():
        lines += path.read_text(encoding="utf-8").splitlines()
    if lines:
        found[IDENTITY_KEY] = "".join(f"{line}\n" for line in dict.fromkeys(lines))
    return found


def joined(before: dict[str, str], after: dict[str, str]) -> dict[str, str]:
    """The keys for a snapshot made between the two: while they are changed its numbers may stand under those of either.

    Without a file for them numbers stand under the secret key (vendors/domain/keyring.py).
    """
    if IDENTITY_KEY not in before and IDENTITY_KEY not in after:
        return after
    lines = [
        line for found in (after, before) for line in found.get(IDENTITY_KEY, found[SECRET_KEY]).splitlines()
    ]
    return after | {IDENTITY_KEY: "".join(f"{line}\n" for line in dict.fromkeys(lines))}


def _listed(text: str) -> list[str]:
    """The keys of the environment's list, the one that writes first; a text with commas may also be one key."""
    parts = [part.strip() for part in text.split(",")]
    several = len(parts) > 1 and all(len(part) >= LEAST for part in parts)
    return [*(parts if several else ()), *([text] if text else ())]
