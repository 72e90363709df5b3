"""A first password: given by an administrator, kept as a hash alone, good for two weeks and for nothing but choosing one's own."""

import logging
from datetime import timedelta

from django.utils import timezone
from django.utils.crypto import get_random_string
from django.utils.translation import gettext as _

from gridmgr.core.accounts import tries
from gridmgr.core.accounts.models import User
from gridmgr.core.accounts.sessions import end_sessions

GOOD_FOR = timedelta(days=14)
SIGNS = "abcdefghjkmnpqrstuvwxyz23456789"  # none that can be taken for another
LENGTH = 12
# What may be opened before the first password is changed.
OPEN = {"account-password", "logout"}

log = logging.getLogger(__name__)


def new_first_password() -> str:
    """A password to be told to a person (59 bits)."""
    return get_random_string(LENGTH, SIGNS)


def give_first_password(user: User, password: str) -> None:
    """Sets a first password: whoever was logged in is logged out, and what failed so far counts no longer."""
    begin_with(user, password)
    user.save(update_fields=["password", "first_password_until"])
    end_sessions(user)
    tries.forget(user.get_username())


def begin_with(user: User, password: str) -> None:
    """A first password for an account that is yet to be saved."""
    user.set_password(password)
    user.first_password_until = timezone.now() + GOOD_FOR


def take_own_password(user: User, password: str, *, session: str | None) -> None:
    """Sets a password that the person chose; they stay logged in in `session` alone."""
    user.set_password(password)
    user.first_password_until = None
    user.save(update_fields=["password", "first_password_until"])
    end_sessions(user, but=session)


def has_lapsed(user: User) -> bool:
    """Whether this is a first password that nobody changed in time."""
    return user.first_password_until is not None and user.first_password_until <= timezone.now()


def lapsed_words() -> str:
    return _("初始密码已过期(有效 14 天)。请找管理员重设一个新的初始密码。")
