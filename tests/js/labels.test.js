import assert from "node:assert/strict";
import { test } from "node:test";

import { withRoom } from "../../gridmgr/static/js/map/labels.js";

const label = (text, x, y, more = {}) => ({ text, x, y, width: 40, size: 11, ...more });

test("of two words on one place the important one is written", () => {
  const found = withRoom([label("lane", 100, 100), label("avenue", 110, 100, { important: true })]);
  assert.deepEqual(found.map((each) => each.text), ["avenue"]);
});

test("words have room when their boxes don't meet: half their width and 9 px", () => {
  assert.equal(withRoom([label("a", 100, 100), label("b", 157, 100)]).length, 1); // 2 × (20 + 9) = 58
  assert.equal(withRoom([label("a", 100, 100), label("b", 158, 100)]).length, 2);
  assert.equal(withRoom([label("a", 100, 100), label("b", 100, 118)]).length, 2);
});

test("a steep word takes height instead of width", () => {
  const steep = { angle: Math.PI / 2 };
  assert.equal(withRoom([label("a", 100, 100, steep), label("b", 130, 100, steep)]).length, 2);
  assert.equal(withRoom([label("a", 100, 100, steep), label("b", 100, 130, steep)]).length, 1);
});
