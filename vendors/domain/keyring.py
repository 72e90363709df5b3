"""The keys that vendors' identity numbers are encrypted with: where they are kept, and which one writes.

From `GRIDMGR_IDENTITY_KEY` (several: commas between them), else from the file `var/identity-key` (one a line), which
the first start writes; before that the secret key stands in, as it did in every version without the file. The first
key writes, all of them read. The file is looked at anew whenever it has changed, so a server that runs takes part in a
change of keys.
"""

import os
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

LEAST = 16  # characters


def all_keys() -> tuple[str, ...]:
    """All keys, the one that writes first. Raises ImproperlyConfigured, with the file's name, when it can't be used."""
    if settings.GRIDMGR_IDENTITY_KEY:
        return _checked(_parts(settings.GRIDMGR_IDENTITY_KEY), "GRIDMGR_IDENTITY_KEY")
    path = file()
    try:
        state = path.stat()
    except FileNotFoundError:
        return (settings.SECRET_KEY,)
    return _read(path, state.st_mtime_ns, state.st_ino, state.st_size)


def file() -> Path:
    return Path(settings.VAR_DIR) / "identity-key"


def alone() -> bool:
    """Whether there is one key, so none to change to."""
    return len(all_keys()) == 1


def in_file() -> bool:
    """Whether the keys are the file's, to be changed there; those of the environment only its owner can change."""
    return not settings.GRIDMGR_IDENTITY_KEY


def settle() -> bool:
    """Writes the file from today's key, when there is neither a file nor a key in the environment; tells whether it did.

    From then on the secret key can be changed and the numbers stay readable.
    """
    if not in_file() or file().exists():
        return False
    write(all_keys())
    return True


def new_key() -> str:
    return secrets.token_urlsafe(48)


def write(wanted: tuple[str, ...]) -> None:
    """Puts the keys into the file, readable by its owner alone; whole or not at all, whenever the power goes."""
    path = file()
    part = path.with_name(f"{path.name}.new")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as out:
        out.write("".join(f"{key}\n" for key in wanted))
        out.flush()
        os.fsync(out.fileno())
    if path.exists():
        owner = path.stat()
        if (owner.st_uid, owner.st_gid) != (os.geteuid(), os.getegid()):
            os.chown(part, owner.st_uid, owner.st_gid)  # root changes the keys of the service's own account
    part.replace(path)


@lru_cache(maxsize=8)
def _read(path: Path, _mtime: int, _inode: int, _size: int) -> tuple[str, ...]:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(f"{path}: cannot be read ({error})") from None
    return _checked(lines, str(path))


def _parts(text: str) -> list[str]:
    """The keys of a list; the whole text reads as well, since it may be one key of a version that knew no lists."""
    parts = [part.strip() for part in text.split(",")]
    if len(parts) > 1 and all(len(part) >= LEAST for part in parts):
        return [*parts, text]
    return [text]


def _checked(texts: list[str], where: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(text.strip() for text in texts if text.strip()))
    if not found:
        raise ImproperlyConfigured(f"{where}: holds no key")
    if short := [len(key) for key in found if len(key) < LEAST]:
        raise ImproperlyConfigured(
            f"{where}: use at least {LEAST} characters for each key; one has {short[0]}"
        )
    return found
