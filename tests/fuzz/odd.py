"""Values that no form sends by itself."""

import json
from random import Random
from typing import Any

DEEP = 3000
TEXTS = (
    "", " ", "\0", "a\0b", "\ud800", "x\udfff", "￿", "‮", "\r\nX-Odd: 1", "é", "𠮷", "😀" * 40, "ﷺ" * 100, "中" * 300,
    "x" * 151, "x" * 256, "x" * 5000, "9" * 30, "9" * 10_000, "-1", "0", "00", "+1", "1.5", "-0.0", "1e309", "-1e309", "1e-400",
    "nan", "inf", "-Infinity", "0x10", "1_000", "١٢٣", "²", "½", "2147483648", "9223372036854775807", "9223372036854775808",
    "-9223372036854775809", "true", "null", "None", "on", "undefined", "' OR 1=1 --", "%s %d %(x)s", "{0} {x}", "{{ 7 }}",
    "<script>", "../../etc/passwd", "%00", "%ED%A0%80", "_5F", "0000-01-01", "0001-01-01", "9999-12-31", "10000-01-01",
    "2026-02-30", "2026-12-01", "2026-12-01T25:00", "24:00", "23:59:60", "-1:00", "1,2,3", "nan,nan,nan,nan", "180,90,-180,-90",
    "112.9,37.9,112.8,37.8", "-180,-90,180,90", "1e308,1e308,1e308,1e308", "[]", "{}", "[[[", "[1, 2", "[null]", '{"a": [1e309]}',
    "[" * DEEP + "]" * DEEP, '{"a":' * DEEP + "1" + "}" * DEEP, '{"type":"Point","coordinates":[]}',
    '{"type":"Point","coordinates":' + "[" * 900 + "]" * 900 + "}", '{"type":"Polygon","coordinates":[[[112.8,37.8]]]}',
    '{"type":"GeometryCollection","geometries":[]}', '{"type":"Polygon","coordinates":[[["a","b"]]]}', "POINT EMPTY", "POLYGON EMPTY",
    "SRID=4547;POINT(nan nan)", "SRID=4547;POINT EMPTY", "SRID=999999;POINT(1 1)", "SRID=-1;POINT(1 1)", "SRID=4547;POINT(1e308 1e308)",
    "SRID=4547;LINESTRING(1 1)", "SRID=4547;LINESTRING(1 1, 1 1)", "SRID=4326;POLYGON((112 37,113 38,112 38,113 37,112 37))",
    "SRID=4547;GEOMETRYCOLLECTION EMPTY",
    "SRID=4326;POINT(112.86 37.84)", "branch:01", "branch:\0", "city", "branch:", "road:1e309", ":", "a" * 12,
    "zh-hans", "-pk", "pk__gte", "id,name", "page", "99",
)  # fmt: skip
# As they stand in a JSON text.
JSONS = (
    r'"\u0000"', r'"a\u0000b"', r'"\ud800"', r'"\udfff\ud800"', "1e309", "-1e309", "1" + "0" * 400, "9" * 10_000, "NaN", "Infinity",
    "[]", "{}", "[[1, 2], [3]]", '{"lon": "x"}', "true", "false", "null", '""', '"x"', "-1", "0", "0.5", "1e300", "9223372036854775808",
    "[" * DEEP + "]" * DEEP, "[" * 20 + "]" * 20,
    '"' + "x" * 5000 + '"', '"2026-12-01"', '"0000-00-00"', '"9999-12-31"', '"25:00"', '["a", null]',
)  # fmt: skip
HEADERS = {
    "Accept-Language": ("en", "zh-CN", "x" * 600, "en;q=1e309", "*;q=nan", "\0", "de-\ud800", ",,,;;;", "zh-hant-tw-x-y"),
    "Accept": ("application/json", "text/html", "*/*;q=x", "\0", "x" * 3000),
    "Range": ("bytes=0-1", "bytes=-1", "bytes=9-1", "bytes=" + "9" * 400 + "-", "bytes=a-b", "lines=1", "\0"),
    "If-None-Match": ("*", 'W/"x"', '"', ",", "\ud800", 'W/"' + "x" * 4000 + '"'),
    "If-Modified-Since": ("x", "Thu, 01 Jan 0000 00:00:00 GMT", "Fri, 31 Dec 9999 23:59:59 GMT", "\0"),
    "Referer": ("http://", "http://[", "//x", "javascript:1", "\0", "http://testserver/\ud800", "x" * 5000),
    "User-Agent": ("", "\0", "x" * 5000, "😀"),
    "Host": ("testserver", "evil.example", "a b", "[::1", "x" * 300, "testserver:99999"),
    "X-Forwarded-For": ("1.2.3.4", "x", "\0", "::1, 127.0.0.1", "9" * 300),
    "X-Forwarded-Proto": ("https", "\0"),
    "X-Requested-With": ("XMLHttpRequest",),
    "Sec-Fetch-Dest": ("empty", "document"),
    "Content-Type": ("application/json", "text/plain", "multipart/form-data", "multipart/form-data; boundary=", "x",
                     "application/x-www-form-urlencoded; charset=utf-99", "multipart/form-data; boundary=\ud800"),
    "Accept-Encoding": ("gzip", "br;q=x", "identity;q=0, *;q=0"),
    "Cookie": ('sessionid="\\000abcdefgh"', "sessionid=" + "x" * 500, "sessionid=中文中文中文",
               "django_language=\0", "django_language=" + "e" * 300,
               "csrftoken=x", 'a="\\777"', ";;;=", 'sessionid="\\355\\240\\200xxxxxxxx"', "messages=x", "django_language=en"),
}  # fmt: skip
FILES = (
    b"", b"\0" * 50, b"PK\x03\x04" + b"\xff" * 40, b"SQLite format 3\0" + b"x" * 90, "编号,里程\n1,2\n".encode(), b"a,b\n\0,\x80\n",
    b'{"type":"FeatureCollection","features":[]}', b'{"type":"FeatureCollection","features":[{"type":"Feature","geometry":null}]}',
    b"[" * DEEP, b'{"type":"Feature","geometry":{"type":"Point","coordinates":[1e309,2]},"properties":{"a":"\\u0000"}}',
    b"<kml/>", "\ud800".encode("utf-8", "surrogatepass"),
)  # fmt: skip
FILE_NAMES = (
    "泊位.csv",
    "a.geojson",
    "a.zip",
    "a.xlsx",
    "a.gpkg",
    "a.kml",
    "a",
    "a\0.csv",
    "x" * 300 + ".csv",
    "../../a.csv",
    "😀.json",
    "\ud800.csv",
    "",
)


def text(chance: Random) -> str:
    return chance.choice(TEXTS)


def mutated(body: Any, chance: Random) -> str:
    """The JSON text of `body` with one value, at any depth, made odd."""
    marker = "\ue000odd\ue000"
    whole = json.loads(json.dumps(body))
    holder: Any = {"": whole}
    key: Any = ""
    while isinstance(holder[key], (dict, list)) and holder[key] and chance.random() < 0.85:
        holder = holder[key]
        key = chance.choice(list(holder)) if isinstance(holder, dict) else chance.randrange(len(holder))
    root = {"": whole}
    if key == "" and holder.get("") is whole:
        root[""] = marker
    else:
        holder[key] = marker
    return json.dumps(root[""]).replace(json.dumps(marker), chance.choice(JSONS))
