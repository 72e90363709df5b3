import assert from "node:assert/strict";
import { test } from "node:test";

import { clock, days, filled, hours, isOpenAt, metres, said, stretch } from "../../gridmgr/static/js/format.js";

const words = { from: "from %(from)s", from_to: "%(from)s to %(to)s", yes: "yes", no: "no" };

test("metres read by their size", () => {
  assert.deepEqual([3, 3.14, 99.96, 1234.5, 9999, 10000].map(metres), ["3 m", "3.1 m", "100.0 m", "1,235 m", "9,999 m", "10.0 km"]);
  assert.equal(stretch("299.6", 1150.2), "300–1,150 m");
});

test("words are filled by name, also with text that looks like a pattern", () => {
  assert.equal(filled("%(a)s of %(b)s, %(a)s", { a: "$&", b: 2 }), "$& of 2, $&");
  assert.equal(filled("%(missing)s", {}), "%(missing)s");
});

test("a range of days is said whole, open or not at all", () => {
  const english = { language: "en", words };
  assert.equal(days("2026-05-15", "2026-09-30", english), "15 May 2026 to 30 September 2026");
  assert.equal(days("2026-05-15", null, english), "from 15 May 2026");
  assert.equal(days(null, "2026-09-30", english), "");
  assert.equal(days("2026-05-15", "", { language: "zh-hans", words }), "from 2026年5月15日");
});

test("hours may run over midnight; the last minute is outside", () => {
  assert.equal(isOpenAt("08:00", "18:00", "08:00"), true);
  assert.equal(isOpenAt("08:00", "18:00", "18:00"), false);
  assert.equal(isOpenAt("20:00", "02:00", "01:59"), true);
  assert.equal(isOpenAt("20:00", "02:00", "12:00"), false);
  assert.equal(hours("08:00:00", "18:30:00"), "08:00–18:30");
  assert.equal(hours("08:00:00", null), "");
  assert.equal(clock(new Date(2026, 10, 22, 8, 5)), "08:05");
});

test("a property reads by its kind", () => {
  const field = (kind, choices = {}) => ({ name: "x", label: "X", kind, choices });
  assert.equal(said("a", field("choice", { a: "Alpha" }), words), "Alpha");
  assert.equal(said("b", field("choice", { a: "Alpha" }), words), "b");
  assert.equal(said(false, field("bool"), words), "no");
  assert.equal(said(0, field("number"), words), "0");
  assert.equal(said("12.5", field("metres"), words), "12.5 m");
  assert.equal(said("07:30:00", field("time"), words), "07:30");
  assert.deepEqual([null, undefined, ""].map((value) => said(value, field("text"), words)), ["", "", ""]);
});
