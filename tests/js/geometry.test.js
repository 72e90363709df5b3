/* Places on a tile, drawn in pixels: 8 steps of the tile's grid are one pixel. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { AREA, LINE, POINT, countRadius, holds, inside, isNear, metresToPx, middle, straightSpot, touches } from "../../gridmgr/static/js/map/geometry.js";

/** A ring or line through pixels. */
const through = (...pixels) => pixels.map(([x, y]) => ({ x: x * 8, y: y * 8 }));
const square = through([100, 100], [200, 100], [200, 200], [100, 200], [100, 100]);
const hole = through([140, 140], [160, 140], [160, 160], [140, 160], [140, 140]);

test("a point inside an outline, but not in its hole, is held", () => {
  assert.equal(holds([square], 150, 150), true);
  assert.equal(holds([square, hole], 150, 150), false);
  assert.equal(holds([square, hole], 110, 150), true);
  assert.equal(holds([square], 99, 150), false);
});

test("nearness counts from the line, not from its points", () => {
  const line = through([0, 0], [100, 0]);
  assert.equal(isNear(line, 50, 8, 8), true);
  assert.equal(isNear(line, 50, 9, 8), false);
  assert.equal(isNear(line, 106, 0, 5), false); // beyond the end
});

test("a tap means what is under it: 8 px beside a line, 3 px beside an area, the disc of a count", () => {
  const line = { type: LINE, properties: {}, rings: [through([0, 50], [300, 50])] };
  assert.equal(touches(line, 100, 57), true);
  assert.equal(touches(line, 100, 59), false);
  const area = { type: AREA, properties: {}, rings: [square] };
  assert.equal(touches(area, 97.5, 150), true);
  assert.equal(touches(area, 96, 150), false);
  const count = { type: POINT, properties: { n: 100 }, rings: [through([50, 50])] };
  assert.equal(touches(count, 60.5, 50), true); // 7 + 10 × 0.4 = 11 px
  assert.equal(touches(count, 61.5, 50), false);
  assert.equal(countRadius(10000), 14);
});

test("text finds the middle of a straight line and is never upside down", () => {
  const spot = straightSpot(through([400, 250], [100, 250]), 100);
  assert.deepEqual({ x: spot.x, y: spot.y }, { x: 250, y: 250 });
  assert.ok(Math.abs(spot.angle) < 1e-9); // drawn from right to left, read from left to right
  const steep = straightSpot(through([250, 400], [251, 100]), 100);
  assert.ok(steep.angle >= -Math.PI / 2 && steep.angle <= Math.PI / 2);
});

test("text stands neither on a short line, nor on a bend, nor over the tile's edge", () => {
  assert.equal(straightSpot(through([100, 100], [200, 100]), 100), null); // 130 px are needed
  assert.equal(straightSpot(through([100, 100], [200, 100], [100, 110]), 100), null);
  assert.equal(straightSpot(through([100, 2], [400, 2]), 100), null);
  assert.equal(inside(5, 256, 10), false);
});

test("a road 10 m wide is as wide on the screen as on the ground", () => {
  // At zoom 17 a pixel of 38 degrees north is 156543.034 × 0.79 / 2^17 = 0.9435 m.
  assert.ok(Math.abs(metresToPx(10, 17) - 10.6) < 0.01);
  assert.deepEqual(middle(square), [150, 150]);
});
