"""Who may log in, and in which role. A grid member's rights follow from the Member that the account belongs to."""

from typing import Any, ClassVar

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import models
from django.db.models import Q
from django.utils.translation import gettext_lazy as _
from django.utils.translation import pgettext_lazy
from pghistory.models import Context

from gridmgr.history import context_stands, never_truncated, tracked


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


@tracked(exclude=["password", "last_login"], told=False)
class User(AbstractUser):
    """An account. `is_staff` and `is_superuser` follow the role; the database holds them to it."""

    role = models.CharField(_("角色"), max_length=16, choices=Role.choices, default=Role.MEMBER)

    objects: ClassVar[GridUserManager] = GridUserManager()

    class Meta:
        verbose_name = _("账号")
        verbose_name_plural = pgettext_lazy("plural", "账号")
        constraints: ClassVar = [
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
