"""Accounts. A secretary's or member's account hangs on their Member: `client_as` in tests/conftest.py joins them."""

from typing import Any

import factory
from factory.django import DjangoModelFactory

from gridmgr.core.accounts.models import Role, User


class UserFactory(DjangoModelFactory):
    """An account; pass `password="…"` to be able to log in with it (otherwise use client.force_login)."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    username = factory.Sequence(lambda n: f"user{n + 1}")
    role = Role.OFFICE

    @factory.post_generation
    def password(self, create: bool, extracted: str | None, **_: Any) -> None:
        if extracted:
            self.set_password(extracted)
            self.save()


class PlannerFactory(UserFactory):
    """One of the two planners of the factories' sites: "proposer" or "approver", each made once."""

    class Meta:
        django_get_or_create = ("username",)

    role = Role.PLANNER
