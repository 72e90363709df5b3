"""What an earlier version kept in words becomes codes; registers whose import was taken back elsewhere are open again."""

import re
from typing import Any

from django.db import migrations, models
from django.db.models import Q

# Code: the words of the earlier version, Chinese first.
WHY = {
    "sum": ("合计行", "Row of totals"),
    "remark": ("填表说明", "Note on filling in the form"),
    "no_place": ("没有写点位,也没有写街道", "Neither a location nor a street is given"),
    "by_person": ("由人决定不导入", "Left out by hand"),
}
# Code: what the words looked like.
PINNED = r"^(由人定点:|Pinned by hand: )"
OUTCOMES = {
    "created": r"^(新提出,\d+ 个摊位|Newly proposed; pitches: \d+)$",
    "changed": r"(:可容纳 \d+ → \d+|: room for vendors \d+ → \d+)$",
    "unchanged": r"(^已有.*,数量相同|is there already, with the same quantity)$",
}
NOTES = {
    "gb18030": r"文字按 GB18030(GBK)编码读取|Text read as GB18030 \(GBK\)",
    "hidden_sheets": r"没有读隐藏的工作表,共 (?P<count>\d+) 张|Hidden worksheets, not read: (?P<number>\d+)",
}
CHINESE = {
    "gb18030": "文字按 GB18030(GBK)编码读取",
    "hidden_sheets": "没有读隐藏的工作表,共 {count} 张",
    "text": "{text}",
}


def into_codes(apps: Any, _editor: Any) -> None:
    Register, Entry = apps.get_model("register", "Register"), apps.get_model("register", "Entry")
    for code, words in WHY.items():
        Entry.objects.filter(why__in=words).update(why=code)
    Entry.objects.filter(state="pinned", understood__regex=PINNED).update(understood="pinned")
    for code, pattern in OUTCOMES.items():
        Entry.objects.filter(outcome__regex=pattern).update(outcome=code)
    for register in Register.objects.exclude(notes=[]):
        register.notes = [_coded(note) for note in register.notes]
        register.save(update_fields=["notes"])
    taken_back = Register.objects.filter(Q(record__state="undone") | Q(record=None), stage="written")
    Entry.objects.filter(register__in=taken_back).update(site_code="", outcome="")
    taken_back.update(stage="review", record=None)


def _coded(note: Any) -> Any:
    for code, pattern in NOTES.items():
        if isinstance(note, str) and (found := re.fullmatch(pattern, note)):
            counts = [int(number) for number in found.groupdict().values() if number]
            return {"code": code} | ({"count": counts[0]} if counts else {})
    return {"code": "text", "text": note} if isinstance(note, str) else note


def into_words(apps: Any, _editor: Any) -> None:
    Register, Entry = apps.get_model("register", "Register"), apps.get_model("register", "Entry")
    for code, words in WHY.items():
        Entry.objects.filter(why=code).update(why=words[0])
    Entry.objects.filter(understood="pinned").update(understood="由人定点")
    for register in Register.objects.exclude(notes=[]):
        register.notes = [CHINESE[note["code"]].format(**note) for note in register.notes]
        register.save(update_fields=["notes"])


class Migration(migrations.Migration):
    dependencies = [("register", "0001_street_registers")]

    operations = [
        migrations.AddField("entry", "said", models.JSONField(default=dict, verbose_name="各语言的说法")),
        migrations.RunPython(into_codes, into_words),
    ]
