"""LibreOffice as a reader that isn't ours; each call has a profile of its own."""

import subprocess
from pathlib import Path
from shutil import which

_COMMON = "/org.openoffice.Office.Common/Font/Substitution"
# What stands in for the fonts of Chinese office computers.
_STAND_INS = {
    "Microsoft YaHei": "Noto Sans CJK SC",
    "黑体": "Noto Sans CJK SC",
    "仿宋": "Noto Serif CJK SC",
    "楷体": "Noto Serif CJK SC",
    "Times New Roman": "Noto Serif CJK SC",
    "宋体": "Noto Serif CJK SC",
    "方正小标宋简体": "Noto Serif CJK SC",
}


def _item(path: str, inside: str) -> str:
    return f'<item oor:path="{path}">{inside}</item>'


def _set(name: str, value: str) -> str:
    return f'<prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop>'


def _settings() -> str:
    """Formulas are computed anew, whatever values the file brings along; fonts have their stand-ins."""
    pairs = [
        f'<node oor:name="_{number}" oor:op="replace">{_set("ReplaceFont", font)}{_set("SubstituteFont", other)}'
        f"{_set('Always', 'true')}{_set('OnScreenOnly', 'false')}</node>"
        for number, (font, other) in enumerate(_STAND_INS.items())
    ]
    items = [
        _item("/org.openoffice.Office.Calc/Formula/Load", _set("OOXMLRecalcMode", "0")),
        _item(_COMMON, _set("Replacement", "true")),
        *(_item(f"{_COMMON}/FontPairs", pair) for pair in pairs),
    ]
    head = '<?xml version="1.0" encoding="UTF-8"?><oor:items xmlns:oor="http://openoffice.org/2001/registry">'
    return f"{head}{''.join(items)}</oor:items>"


def converted(content: bytes, suffix: str, form: str, folder: Path) -> Path:
    """The office file (`suffix` with its dot) as LibreOffice writes it in `form`, such as pdf or xlsx."""
    program = which("soffice")
    assert program, "LibreOffice is missing: script/bootstrap --dev installs it"
    profile, made = folder / "profile", folder / f"{form}-of{suffix}"
    (profile / "user").mkdir(parents=True, exist_ok=True)
    (profile / "user" / "registrymodifications.xcu").write_text(_settings(), encoding="utf-8")
    given = folder / f"given{suffix}"
    given.write_bytes(content)
    command = [program, f"-env:UserInstallation={profile.as_uri()}", "--headless", "--norestore"]
    command += ["--convert-to", form, "--outdir", str(made), str(given)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=180, check=False)
    path = made / f"given.{form}"
    assert path.is_file(), done.stdout + done.stderr
    return path


def pages(pdf: Path) -> list[str]:
    """The text of each page, as poppler reads it."""
    command = ["pdftotext", "-layout", str(pdf), "-"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\f")[:-1]


def fonts(pdf: Path) -> set[str]:
    """The fonts that the pages are set in."""
    done = subprocess.run(["pdffonts", str(pdf)], capture_output=True, text=True, check=True)
    return {line.split()[0].partition("+")[2] or line.split()[0] for line in done.stdout.splitlines()[2:]}
