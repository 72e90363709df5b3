"""A register as it came, row by row, with what was understood of each row; and columns remembered for next time."""

from typing import Any, ClassVar

from django.conf import settings
from django.contrib.gis.db import models
from django.db.models import Q
from django.urls import reverse
from django.utils.translation import get_language, pgettext_lazy
from django.utils.translation import gettext_lazy as _

from gridmgr.core.errors import NotThere
from gridmgr.intake.models import Import
from gridmgr.register.enums import Outcome, Stage, State, told
from gridmgr.register.notes import notes_of
from grids.enums import Side
from grids.models import SRID, Road
from vendors.enums import SiteKind


class Mapping(models.Model):
    """What the columns of one street office's sheets hold: heading → Column. `fingerprint` is that of the headings."""

    sender = models.CharField(_("报送单位"), max_length=80)
    fingerprint = models.CharField(max_length=64)
    columns = models.JSONField(_("列的含义"), default=dict)
    updated = models.DateTimeField(_("更新时间"), auto_now=True)

    class Meta:
        verbose_name = _("登记表列对应")
        verbose_name_plural = pgettext_lazy("plural", "登记表列对应")
        constraints: ClassVar = [
            models.UniqueConstraint(name="mapping_once_per_sender", fields=["sender", "fingerprint"])
        ]

    def __str__(self) -> str:
        return self.sender


class Register(models.Model):
    """One file that a street office sent. Until its columns are mapped its cells lie on the shelf, not in here.

    `record` is the import that it became. Kind, hours and season are those of the sites that it proposes.
    """

    owner = models.ForeignKey(
        settings.AUTH_USER_MODEL,
        models.SET_NULL,
        null=True,
        related_name="registers",
        verbose_name=_("上传人"),
    )
    sender = models.CharField(_("报送单位"), max_length=80)
    file_name = models.CharField(_("文件"), max_length=255)
    sheet = models.CharField(_("工作表"), max_length=80, blank=True)
    header_row = models.PositiveIntegerField(_("表头行"), default=1)
    columns = models.JSONField(_("列的含义"), default=dict)
    notes = models.JSONField(_("说明"), default=list)
    stage = models.CharField(_("状态"), max_length=10, choices=Stage.choices, default=Stage.MAPPING)
    kind = models.CharField(_("类别"), max_length=8, choices=SiteKind.choices, default=SiteKind.STALL)
    opens = models.TimeField(_("每日开始"), null=True)
    closes = models.TimeField(_("每日结束"), null=True)
    season_from = models.DateField(_("季节开始"), null=True)
    season_to = models.DateField(_("最后一天"), null=True)
    created = models.DateTimeField(_("上传时间"), auto_now_add=True)
    record = models.OneToOneField(
        Import, models.SET_NULL, null=True, related_name="street_register", verbose_name=_("导入记录")
    )

    class Meta:
        verbose_name = _("街道登记表")
        verbose_name_plural = pgettext_lazy("plural", "街道登记表")
        ordering: ClassVar = ["-created"]

    def __str__(self) -> str:
        return f"{self.sender} {self.file_name}"

    @property
    def notes_words(self) -> list[str]:
        """How the file was read, for the reader."""
        return [str(note) for note in notes_of(self.notes)]

    def get_absolute_url(self) -> str:
        return reverse("register-columns" if self.stage == Stage.MAPPING else "register", args=[self.pk])

    def locked(self) -> "Register":
        """The register as it is now; nobody else changes it or its rows until the transaction ends. Raises NotThere."""
        now = Register.objects.select_for_update().filter(pk=self.pk).first()
        if now is None:
            raise NotThere(_("登记表已不存在。"))
        return now


class Entry(models.Model):
    """One row of a register: what its mapped cells say, what was understood, and the place that it was given.

    `candidates` are as gridmgr.register.matching writes them. `toward` says which way along the road from `metre` its
    site begins (1, -1, 0 around it); `stretch` are the metres within which it may stand, where the row says so.
    `site_code` is the site that was proposed, or that it changed, and `outcome` which of these, or why it was refused.
    `understood` and `why` are words of the street (grids.domain.places), or a code of gridmgr.register.enums.Told, worded
    when they are shown; `said` has the words of the street, and those of the candidates, in each language.
    """

    register = models.ForeignKey(
        Register, models.CASCADE, related_name="entries", verbose_name=_("街道登记表")
    )
    row = models.PositiveIntegerField(_("行"))
    street = models.CharField(_("街道"), max_length=120, blank=True)
    place = models.CharField(_("点位"), max_length=300, blank=True)
    name = models.CharField(_("名称"), max_length=120, blank=True)
    note = models.CharField(_("备注"), max_length=500, blank=True)
    contact = models.CharField(_("联系人"), max_length=300, blank=True)
    quantity_said = models.CharField(_("数量原文"), max_length=60, blank=True)
    quantity = models.PositiveSmallIntegerField(_("数量"), null=True)
    state = models.CharField(_("状态"), max_length=10, choices=State.choices)
    understood = models.CharField(_("理解为"), max_length=300, blank=True)
    why = models.CharField(_("原因"), max_length=500, blank=True)
    candidates = models.JSONField(_("候选"), default=list)
    said = models.JSONField(_("各语言的说法"), default=dict)
    road = models.ForeignKey(Road, models.SET_NULL, null=True, related_name="+", verbose_name=_("道路"))
    side = models.CharField(_("侧"), max_length=8, choices=Side.choices, blank=True)
    metre = models.FloatField(_("里程(米)"), null=True)
    toward = models.SmallIntegerField(default=0)
    stretch = models.JSONField(_("里程范围"), null=True)
    point = models.PointField(_("位置"), srid=SRID, null=True)
    site_code = models.CharField(_("摊点编号"), max_length=16, blank=True)
    outcome = models.CharField(_("结果"), max_length=300, blank=True)

    class Meta:
        verbose_name = _("登记表行")
        verbose_name_plural = pgettext_lazy("plural", "登记表行")
        ordering: ClassVar = ["row"]
        constraints: ClassVar = [
            models.UniqueConstraint(name="entry_row_once", fields=["register", "row"]),
            models.CheckConstraint(
                name="entry_placed_with_point",
                condition=~Q(state__in=["matched", "pinned"]) | Q(point__isnull=False, metre__isnull=False),
            ),
        ]

    def __str__(self) -> str:
        return self.title

    @property
    def understood_words(self) -> str:
        """What was understood of the place, for the reader."""
        return told(self.understood) or self._said("understood", self.understood)

    @property
    def why_words(self) -> str:
        """Why the row is not sure, or left out, for the reader."""
        return told(self.why) or self._said("why", self.why)

    def spot_words(self, number: int) -> str:
        """What the candidate of that number is called, for the reader."""
        words = self.said.get(get_language(), {}).get("spots", [])
        return str(words[number] if number < len(words) else self.candidates[number]["words"])

    def _said(self, name: str, otherwise: str) -> str:
        return str(self.said.get(get_language(), {}).get(name, otherwise))

    @property
    def outcome_words(self) -> str:
        """What became of the row, for the reader."""
        return str(dict(Outcome.choices).get(self.outcome, self.outcome))

    @property
    def title(self) -> str:
        """What the row says of its place, in its own words."""
        if self.street and self.street not in self.place:
            return f"{self.street} {self.place}".strip()
        return self.place or self.name

    def put(self, spot: dict[str, Any]) -> None:
        """Give the row a place (as gridmgr.register.matching.plain_spot)."""
        from django.contrib.gis.geos import Point

        self.road_id, self.side = spot["road"], spot["side"]
        self.metre, self.toward, self.stretch = spot["metre"], spot["toward"], spot.get("stretch")
        self.point = Point(spot["x"], spot["y"], srid=SRID)

    def unplace(self) -> None:
        """Take its place away again."""
        self.road_id, self.side, self.metre, self.point = None, "", None, None
        self.toward, self.stretch = 0, None
