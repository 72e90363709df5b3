import assert from "node:assert/strict";
import { test } from "node:test";

import { pageWith } from "./page.js";

pageWith({});
const { dated } = await import("../../gridmgr/static/js/site/dated.js");
const { isStillGood } = await import("../../gridmgr/static/js/hold.js");
const { placeOf } = await import("../../gridmgr/static/js/map/view.js");

test("links to places lead to the same day, others stay as they are", () => {
  const to = (href) => dated(href, "2026-11-01", "https://city.example");
  assert.equal(to("https://city.example/roads/7/?tab=bays"), "https://city.example/roads/7/?tab=bays&date=2026-11-01");
  for (const path of ["/jobs/", "/sites/add/", "/map/?date=2026-10-01"]) {
    assert.equal(to(`https://city.example${path}`), `https://city.example${path}`);
  }
  assert.equal(to("https://other.example/map/"), "https://other.example/map/");
});

test("an address holds a place, or nothing that is one", () => {
  assert.deepEqual(placeOf("37.8,112.5,15.5"), { at: [37.8, 112.5], zoom: 15.5 });
  assert.deepEqual(placeOf("37.8,112.5"), { at: [37.8, 112.5], zoom: 16 });
  for (const text of [null, "", "here", "37.8", "95,112,15", "37,181,15", "NaN,1,2"]) { assert.equal(placeOf(text), null); }
});

test("a waiting tap is good for half an hour, and only for who tapped", () => {
  const held = { fields: [], at: 1000, account: "7" };
  assert.equal(isStillGood(held, "7", 1000 + 30 * 60 * 1000 - 1), true);
  assert.equal(isStillGood(held, "7", 1000 + 30 * 60 * 1000), false);
  assert.equal(isStillGood(held, "8", 1001), false);
});
