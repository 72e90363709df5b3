import assert from "node:assert/strict";
import { test } from "node:test";

import { setPage } from "../../gridmgr/static/js/map/page.js";
import { factsOf } from "../../gridmgr/static/js/map/popup.js";

const words = { metres_along: "along", hours: "hours", season: "season", period: "period", from: "from %(from)s", from_to: "%(from)s to %(to)s" };
const field = (name, kind = "text") => ({ name, label: name.toUpperCase(), kind, choices: {} });
const spec = {
  heading: "code",
  fields: ["code", "road", "from_m", "to_m", "opens", "closes", "state", "colour", "note", "demo"].map((name) => field(name)),
};
const properties = {
  code: "S1", road: "Bridge Street", from_m: 10, to_m: 1250,
  opens: "08:00:00", closes: "18:00:00", state: "x", colour: 3, note: "", demo: true,
};

test("fields that belong together read as one; the heading, colours and empty ones are left out", () => {
  setPage({ language: "en", words, onFoot: false });
  assert.deepEqual(factsOf(spec, properties), [["ROAD", "Bridge Street"], ["along", "10–1,250 m"], ["hours", "08:00–18:00"], ["STATE", "x"]]);
});

test("on foot nobody reads metres, and of two states the day's own is told", () => {
  setPage({ language: "en", words, onFoot: true });
  assert.deepEqual(factsOf(spec, { ...properties, status: "open" }), [["hours", "08:00–18:00"]]);
});
