"""By which way a change was made, as people read it: the page's name in place of its address, the command's meaning."""

from django import template
from django.urls import Resolver404, resolve
from django.utils.translation import gettext_lazy as _

register = template.Library()

_PAGES = [
    ("plan-suggest", _("选点建议")),
    ("plan", _("规划摊点")),
    ("site-pitches", _("摊位分配")),
    ("site", _("摊点页")),
    ("pitch", _("摊位分配")),
    ("allocation", _("摊位分配")),
    ("waiting", _("摊位分配")),
    ("section", _("责任路段页")),
    ("vendor", _("商贩登记册")),
    ("guide", _("疏导")),
    ("slip", _("疏导")),
    ("data", _("数据导入")),
    ("register", _("街道登记表")),
    ("job", _("后台任务")),
    ("login", _("登录")),
]
_COMMANDS = {
    "demo": _("生成演示城市"),
    "migrate": _("升级"),
    "import_roads": _("导入路网"),
    "import_backdrop": _("导入底图"),
    "derive_junctions": _("推算路口"),
    "default_rules": _("采用默认规则"),
    "import_layer": _("导入数据文件"),
    "undo_import": _("撤销导入"),
    "rotate_identity_key": _("更换身份证号密钥"),
}


@register.filter
def way(text: str) -> str:
    """The name of the page at an address, what a command does; anything else as it stands."""
    if not text.startswith("/"):
        return str(_COMMANDS.get(text, text))
    try:
        found = resolve(text)
    except Resolver404:
        return text
    if found.namespace == "admin":
        return str(_("后台管理"))
    return next((str(name) for begins, name in _PAGES if (found.url_name or "").startswith(begins)), text)
