"""What the environment says: every setting is read here once, checked, and refused by name when it is bad."""

import os
import shlex
import tomllib
from ipaddress import ip_network
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from django.core.exceptions import ImproperlyConfigured

ROOT = Path(__file__).resolve().parents[2]
_YES = {"1", "true", "yes", "on"}
_NO = {"0", "false", "no", "off", ""}


def flag(name: str, *, default: bool) -> bool:
    """The yes/no setting `name`; raises ImproperlyConfigured when it is neither."""
    text = os.environ.get(name, "1" if default else "0").strip().lower()
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise ImproperlyConfigured(f"{name}={text!r}: use 1 or 0")


def integer(name: str, *, default: int, least: int = 0) -> int:
    """The whole number `name`, at least `least`."""
    text = os.environ.get(name, str(default))
    try:
        number = int(text)
    except ValueError:
        raise ImproperlyConfigured(f"{name}={text!r}: use a whole number") from None
    if number < least:
        raise ImproperlyConfigured(f"{name}={number}: must be at least {least}")
    return number


def words(name: str, *, default: str = "") -> list[str]:
    """The comma-separated list `name`, without empty entries."""
    return [word.strip() for word in os.environ.get(name, default).split(",") if word.strip()]


def version() -> str:
    """The version of this checkout, as pyproject.toml has it."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return str(project["project"]["version"])


def networks(name: str, *, default: str = "") -> list[str]:
    """The comma-separated addresses and networks (CIDR) `name`; raises ImproperlyConfigured for anything else."""
    found = words(name, default=default)
    for each in found:
        try:
            ip_network(each, strict=False)
        except ValueError:
            raise ImproperlyConfigured(
                f"{name}: {each!r} is no address or network; use 127.0.0.1 or 10.0.0.0/8"
            ) from None
    return found


def var_dir() -> Path:
    """Where run-time files live (`GRIDMGR_VAR`, else `var/` in the checkout)."""
    return Path(os.environ.get("GRIDMGR_VAR") or ROOT / "var").resolve()


def manage(arguments: str) -> str:
    """The line that runs a command on this very city: `GRIDMGR_VAR=/srv/city script/manage demo`."""
    return f"{here()}script/manage {arguments}"


def here() -> str:
    """What stands before a command so that it means this city: nothing for the checkout's own `var/`."""
    return "" if var_dir() == ROOT / "var" else f"GRIDMGR_VAR={shlex.quote(str(var_dir()))} "


def metric_srid() -> int:
    """`GRIDMGR_SRID`, else the CRS that set-up settled for this city in `var/srid`, else 4547."""
    try:
        settled = int((var_dir() / "srid").read_text(encoding="ascii"))
    except (OSError, ValueError):
        settled = 4547
    return integer("GRIDMGR_SRID", default=settled, least=1024)


def secret_key(*, debug: bool) -> str:
    """`GRIDMGR_SECRET_KEY`, else the key that set-up wrote to `var/secret-key`."""
    if key := os.environ.get("GRIDMGR_SECRET_KEY"):
        return key
    try:
        return (var_dir() / "secret-key").read_text(encoding="ascii").strip()
    except OSError:
        if debug:
            return "only-for-debugging-" + "0" * 40
        raise ImproperlyConfigured(
            "No secret key: set GRIDMGR_SECRET_KEY, or run script/bootstrap, which writes var/secret-key"
        ) from None


def database() -> dict[str, Any]:
    """Django's DATABASES entry from `DATABASE_URL`, else from `var/database-url` as set-up wrote it.

    `postgis://user:password@host:5432/name`, or over a Unix socket `postgresql:///name?host=/dir&user=user`.
    """
    url = os.environ.get("DATABASE_URL") or _url_on_disk()
    parts = urlsplit(url)
    if parts.scheme not in {"postgis", "postgres", "postgresql"} or len(parts.path) < 2:
        raise ImproperlyConfigured(
            f"DATABASE_URL={_masked(url)!r}: use postgis://user:password@host:port/name"
        )
    query = {key: values[-1] for key, values in parse_qs(parts.query).items()}
    return {
        "ENGINE": "django.contrib.gis.db.backends.postgis",
        "NAME": unquote(parts.path[1:]),
        "USER": unquote(parts.username or query.pop("user", "")),
        "PASSWORD": unquote(parts.password or query.pop("password", "")),
        "HOST": unquote(parts.hostname or query.pop("host", "")),
        "PORT": str(parts.port or query.pop("port", "")),
        # A new connection starts PROJ anew, which costs more than most requests: keep it, check it.
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        # No `options`: a pooler refuses them. What a connection needs is set for the role (gridmgr/core/patience.py).
        "OPTIONS": {
            "connect_timeout": 5,
            **{key: value for key, value in query.items() if key.startswith("ssl")},
        },
    }


def _url_on_disk() -> str:
    try:
        return (var_dir() / "database-url").read_text(encoding="utf-8").strip()
    except OSError:
        return "postgresql:///gridmgr"


def _masked(url: str) -> str:
    parts = urlsplit(url)
    return url.replace(parts.password, "***") if parts.password else url
