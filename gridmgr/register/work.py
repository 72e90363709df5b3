"""Registers as jobs: matching and writing many rows takes longer than a page may."""

from django.db import transaction
from django.urls import reverse
from django.utils.translation import gettext as _
from django.utils.translation import gettext_noop

from gridmgr.core.errors import DomainError, NotThere
from gridmgr.core.jobs.words import keep
from gridmgr.core.jobs.work import Product, Work
from gridmgr.register import matching, writing
from gridmgr.register.models import Register
from gridmgr.register.rights import may_confirm, may_prepare


def _register(work: Work) -> Register:
    found = Register.objects.filter(pk=work.args["register"]).first()
    if found is None or not may_prepare(work.audience):
        raise NotThere(_("登记表已不存在。"))
    return found


def match(work: Work) -> Product:
    """Match every row about which nobody has said anything yet."""
    register = _register(work)
    product = Product(
        result=reverse("register", args=[register.pk]), words=keep(gettext_noop("已对照完毕,请核对。"))
    )
    with transaction.atomic():
        matching.match(register, report=lambda done, total: work.report(done, total, _("正在对照道路和路口")))
        work.seal(product)
    return product


def write(work: Work) -> Product:
    """Propose and change the sites that were previewed; raises DomainError when they aren't the same any more."""
    register = _register(work)
    if not may_confirm(work.audience):
        raise DomainError(_("只有规划员和管理员可以写入。"))
    work.report(0, 0, _("正在写入"))
    with transaction.atomic():
        record = writing.confirm(register, token=work.args["token"], by=work.owner)
        rows = sum(record.counts[name] for name in ("created", "updated"))
        product = Product(
            result=reverse("register", args=[register.pk]), words=keep(gettext_noop("已写入 %s 行。"), rows)
        )
        work.seal(product)
    return product
