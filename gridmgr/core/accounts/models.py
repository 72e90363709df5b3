"""Who may log in, and in which role. A grid member's rights follow from the Member that the account belongs to."""

from typing import Any, ClassVar

import pgtrigger
from django.conf import settings
from django.contrib.auth.models import AbstractUser, UserManager
from django.contrib.sessions.base_session import AbstractBaseSession
from django.db import models
from django.db.models import Q
from django.utils import timezone
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from pghistory.models import Context

from gridmgr.core.history import context_stands, never_truncated, tracked


def sessions_end() -> pgtrigger.Trigger:
    """Who is no longer active is logged out everywhere, whoever writes; an account that comes back logs in anew."""
    return pgtrigger.Trigger(
        name="sessions_end",
        when=pgtrigger.After,
        operation=pgtrigger.UpdateOf("is_active"),
        condition=pgtrigger.Q(old__is_active=True, new__is_active=False),
        func="DELETE FROM accounts_session WHERE account_id = NEW.id; RETURN NULL;",
    )


class Role(models.TextChoices):
    """What an account is for. Whether a MEMBER is a branch's secretary is said by its Member, not here."""

    MEMBER = "member", _("党员")
    PLANNER = "planner", _("规划员")
    OFFICE = "office", _("办公室")
    ADMINISTRATOR = "administrator", _("管理员")


class GridUserManager(UserManager["User"]):
    def create_superuser(
        self, username: str, email: str | None = None, password: str | None = None, **extra: Any
    ) -> "User":
        extra.setdefault("role", Role.ADMINISTRATOR)
        return super().create_superuser(username, email, password, **extra)


@tracked(exclude=["password", "last_login", "language"], told=False)
class User(AbstractUser):
    """An account. `is_staff` and `is_superuser` follow the role; the database holds them to it.

    `first_password_until`: the password was given by an administrator, has to be changed, and lapses then.
    """

    role = models.CharField(_("角色"), max_length=16, choices=Role.choices, default=Role.MEMBER)
    first_password_until = models.DateTimeField(_("初始密码有效至"), null=True, blank=True, editable=False)
    language = models.CharField(
        _("语言"), max_length=10, blank=True, default="", choices=settings.LANGUAGES, editable=False
    )

    objects: ClassVar[GridUserManager] = GridUserManager()

    class Meta:
        verbose_name = _("账号")
        verbose_name_plural = pgettext_lazy("plural", "账号")
        triggers: ClassVar = [sessions_end()]
        constraints: ClassVar = [
            # Rights say what each of these may do; an account with another word would be nobody they know.
            models.CheckConstraint(name="user_role_known", condition=Q(role__in=Role.values)),
            models.CheckConstraint(
                name="user_superuser_is_administrator",
                condition=Q(is_superuser=True, role="administrator")
                | Q(is_superuser=False) & ~Q(role="administrator"),
                violation_error_message=_("只有管理员是超级用户。"),
            ),
            models.CheckConstraint(
                name="user_staff_by_role",
                condition=Q(is_staff=True, role__in=["administrator", "planner"])
                | Q(is_staff=False) & ~Q(role__in=["administrator", "planner"]),
                violation_error_message=_("后台只对管理员和规划员开放。"),
            ),
        ]

    def save(self, *args: Any, **kwargs: Any) -> None:
        self.is_superuser = self.role == Role.ADMINISTRATOR
        self.is_staff = self.role in {Role.ADMINISTRATOR, Role.PLANNER}
        super().save(*args, **kwargs)


class ChangeContext(Context):
    """Who made a change, and on which page: the library's table, kept as the changes themselves are."""

    class Meta:
        proxy = True
        default_permissions = ()
        triggers: ClassVar = [context_stands(), never_truncated()]


class Session(AbstractBaseSession):
    """A login on one device, with what its owner needs to know it by. `account` is empty before the login."""

    account = models.ForeignKey(
        User, models.CASCADE, null=True, related_name="sessions", verbose_name=_("账号")
    )
    agent = models.CharField(max_length=300, blank=True, default="")
    address = models.GenericIPAddressField(null=True)
    last_seen = models.DateTimeField(default=timezone.now)

    class Meta(AbstractBaseSession.Meta):
        abstract = False
        verbose_name = _("登录记录")  # type: ignore[assignment]
        verbose_name_plural = pgettext_lazy("plural", "登录记录")  # type: ignore[assignment]

    @classmethod
    def get_session_store_class(cls) -> Any:
        from gridmgr.core.accounts.sessions import SessionStore

        return SessionStore


class LoginTry(models.Model):
    """A try to log in under a name, right or not, from a place (gridmgr.core.accounts.address.home_of)."""

    FAILED, FORGIVEN, OK = "failed", "forgiven", "ok"

    name = models.CharField(max_length=150)
    address = models.CharField(max_length=45)
    at = models.DateTimeField(default=timezone.now)
    outcome = models.CharField(max_length=8, default=FAILED)

    class Meta:
        verbose_name = _("登录尝试")
        verbose_name_plural = pgettext_lazy("plural", "登录尝试")
        indexes: ClassVar = [models.Index(fields=["name", "at"]), models.Index(fields=["address", "at"])]

    def __str__(self) -> str:
        return f"{self.name} {self.address} {self.outcome}"
