import assert from "node:assert/strict";
import { test } from "node:test";

import { pageWith } from "./page.js";

pageWith({ "plan-start": '{"words":{}}', "plan-form": "", plan: "" });
const { figures, short, summary } = await import("../../gridmgr/static/js/plan/verdicts.js");
const { comingSeason } = await import("../../gridmgr/static/js/plan/draft.js");
const { sizeOf } = await import("../../gridmgr/static/js/plan/kerbs.js");

const words = {
  good: "good", bad: "bad", some_bad: "breaks %(n)s", some_warn: "%(n)s to think about", all_good: "may stand",
  unruled: "no rules", to_measure: "measure it",
};
const verdict = (state, more = {}) => ({ state, check: "distance", found: 18.44, required: 20, unit: "m", to_measure: false, ...more });

test("what is short of 20 m never reads as 20 m", () => {
  assert.deepEqual([19.99, 20, 18.44, 0.3, 6.9994, 6.9996].map(short), ["19.9", "20", "18.4", "0.3", "6.9", "7"]);
});

test("figures say which way a rule is broken or kept", () => {
  assert.equal(figures(verdict("bad"), words), "18.4 m < 20");
  assert.equal(figures(verdict("good", { found: 25 }), words), "25 m ≥ 20");
  assert.equal(figures(verdict("bad", { check: "area_max", found: 300, required: 200, unit: "m²" }), words), "300 m² > 200");
  assert.equal(figures(verdict("good", { check: "area_max", found: 150, required: 200, unit: "m²" }), words), "150 m² ≤ 200");
  assert.equal(figures(verdict("bad", { required: null }), words), "bad");
  assert.equal(figures(verdict("good", { found: null }), words), "—  ≥ 20");
});

test("one line for all the rules, with what is still to be measured", () => {
  const told = (state, ...verdicts) => summary({ state, verdicts }, words);
  assert.equal(told("bad", verdict("bad"), verdict("bad"), verdict("warn")), "✗ breaks 2");
  assert.equal(told("warn", verdict("warn", { to_measure: true })), "! 1 to think about · measure it");
  assert.equal(told("good", verdict("good")), "✓ may stand");
  assert.equal(told("bad", verdict("bad", { to_measure: true })), "✗ breaks 1");
  assert.equal(told("unruled"), "? no rules");
});

test("the season that is on, or from October the next", () => {
  assert.deepEqual(comingSeason(new Date(2026, 8, 30)), { season_from: "2026-05-15", season_to: "2026-09-30" });
  assert.deepEqual(comingSeason(new Date(2026, 9, 1)), { season_from: "2027-05-15", season_to: "2027-09-30" });
});

test("rows of pitches take kerb and depth", () => {
  const values = { pitches: 7, rows: 2, width: 2, gap: 0.5, depth: 3, aisle: 1.5 };
  assert.deepEqual(sizeOf((name) => values[name]), { length: 4 * 2.5 + 0.5, depth: 4.5 });
});
