"""Sessions in the database, each with whose it is, on which device and when it was last seen, so that they can be ended."""

import re
from collections.abc import Iterator
from datetime import timedelta
from functools import cache
from itertools import islice
from typing import Any

from django.contrib.sessions.backends.db import SessionStore as DatabaseStore
from django.db import connection
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from gridmgr.core.accounts.address import read_address
from gridmgr.core.accounts.models import Session, User

SEEN_EVERY = timedelta(minutes=5)
AGENT, ADDRESS = "_agent", "_address"  # what a session remembers of where it began


class SessionStore(DatabaseStore):
    """Django's, over our table. A session that is used is marked as seen, at most once in five minutes.

    `account` is the account of the session as it was read with it, with its Member; None for one that is new.
    """

    account: User | None = None

    @classmethod
    def get_model_class(cls) -> type[Session]:
        return Session

    def create_model_instance(self, data: dict[str, Any]) -> Any:
        row: Any = super().create_model_instance(data)
        row.account_id = data.get("_auth_user_id")
        row.agent, row.address = data.get(AGENT, ""), data.get(ADDRESS) or None
        row.last_seen = timezone.now()
        return row

    def _get_session_from_db(self) -> Session | None:
        row = _running(self.session_key)
        if row is None:
            self._session_key = None
            return None
        self.account = row.account
        if timezone.now() - row.last_seen > SEEN_EVERY:
            Session.objects.filter(pk=row.pk).update(last_seen=timezone.now())
        return row


def _running(key: str | None) -> Session | None:
    """The session, its account and that one's Member, in one query, which is asked by every request: see `_statement`."""
    with connection.cursor() as cursor:
        cursor.execute(_statement(), [key, timezone.now()])
        row = cursor.fetchone()
    if row is None:
        return None
    values = iter(row)
    of_account = User._meta.get_field("member")
    session, account, member = (_made(model, values) for model in (Session, User, of_account.related_model))
    session.account = account
    if account is not None:
        of_account.set_cached_value(account, member)
    if member is not None:
        member.user = account
    return session


@cache
def _statement() -> str:
    """SQL with two parameters, key and moment. The ORM takes longer to write it than PostgreSQL to answer it."""
    running = Session.objects.filter(session_key="").filter(expire_date__gt=timezone.now())
    return running.select_related("account__member").query.sql_with_params()[0]


def _made(model: Any, values: Iterator[Any]) -> Any:
    """A row of the model from the next of the values, as many as it has columns; None where an outer join found none."""
    names = [field.attname for field in model._meta.concrete_fields]
    own = list(islice(values, len(names)))
    return None if own[names.index(model._meta.pk.attname)] is None else model.from_db("default", names, own)


def began(request: HttpRequest) -> None:
    """Notes in a new session where it began; sessions that are over go."""
    Session.objects.filter(expire_date__lt=timezone.now()).delete()
    request.session[AGENT] = request.headers.get("User-Agent", "")[:300].replace("\0", "")
    request.session[ADDRESS] = str(read_address(request.META["REMOTE_ADDR"]) or "")


def sessions_of(user: User) -> list[Session]:
    """The sessions of an account that still run, last seen first."""
    running = Session.objects.filter(account=user, expire_date__gt=timezone.now())
    return list(running.order_by("-last_seen"))


def end_sessions(user: User, *, but: str | None = None) -> int:
    """Logs the account out everywhere, or everywhere but in the session `but`; how many were ended."""
    return Session.objects.filter(account=user).exclude(session_key=but or "").delete()[0]


SYSTEMS = (
    ("HarmonyOS|OpenHarmony", "HarmonyOS"),
    ("iPad", "iPad"),
    ("iPhone", "iPhone"),
    ("Android", "Android"),
    ("Windows", "Windows"),
    ("Macintosh|Mac OS X", "Mac"),
    ("Linux|X11", "Linux"),
)
BROWSERS = (
    ("MicroMessenger", "微信"),
    ("DingTalk", "钉钉"),
    ("Edg", "Edge"),
    ("QQBrowser", "QQ"),
    ("UCBrowser", "UC"),
    ("HuaweiBrowser", "Huawei"),
    ("MiuiBrowser", "Xiaomi"),
    ("Firefox|FxiOS", "Firefox"),
    ("Chrome|CriOS", "Chrome"),
    ("Safari", "Safari"),
)


def device_words(agent: str) -> str:
    """`Android · Chrome`, as far as the browser says it."""
    found = [
        next((word for sign, word in names if re.search(sign, agent)), "") for names in (SYSTEMS, BROWSERS)
    ]
    return " · ".join(each for each in found if each) or _("未知设备")
