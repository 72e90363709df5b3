import assert from "node:assert/strict";
import { test } from "node:test";

import { setPage } from "../../gridmgr/static/js/map/page.js";
import {
  colourOf, isFocus, isOfOthers, isWhole, letterOf, nameStyleOf, named, sizeAt, statusOf, widthOf,
} from "../../gridmgr/static/js/map/style.js";

setPage({ colours: { ink: "#111", site: "#222", market_site: "#333" }, branches: ["#a", "#b", "#c"], focus: ["sites", 7] });
const line = (more = {}) => ({ width: 2, by: "", times: {}, narrowed: null, ground: null, casing: null, stripes: null, others: null, focus: 0, ...more });
const near = (found, wanted) => assert.ok(Math.abs(found - wanted) < 1e-9, `${found} is not ${wanted}`);

test("a size grows between its stops and stays beyond them", () => { // tests/core/layers/test_style.py has the same numbers
  const even = { stops: [[10, 2], [14, 10]], base: 1 }, doubling = { stops: [[10, 1], [13, 8]], base: 2 };
  assert.deepEqual([9, 10, 11, 13.5, 14, 20].map((zoom) => sizeAt(even, zoom)), [2, 2, 4, 9, 10, 10]);
  [1, 2, 4, 8].forEach((wanted, i) => near(sizeAt(doubling, 10 + i), wanted));
  const step = { stops: [[18, 0.7], [18, 1.4]], base: 1 };
  assert.deepEqual([17.9, 18, 19].map((zoom) => sizeAt(step, zoom)), [0.7, 1.4, 1.4]);
  assert.equal(sizeAt(1.5, 12), 1.5);
});

test("a line's width goes by its kind, narrower where it is said so", () => {
  const street = line({ by: "highway", times: { primary: 3 }, narrowed: ["link", 0.5] });
  assert.equal(widthOf(street, { highway: "primary" }, 14), 6);
  assert.equal(widthOf(street, { highway: "track" }, 14), 2);
  assert.equal(widthOf(street, { highway: "primary", link: true }, 14), 3);
});

test("near by a line is as broad as on the ground, within limits", () => {
  const street = line({ ground: { metres: "width_m", most: null, fromZoom: 16 } });
  assert.equal(widthOf(street, { width_m: 20 }, 15), 2);
  near(widthOf(street, { width_m: 20 }, 16), (20 / 156543.034 / 0.79) * 2 ** 16);
  assert.equal(widthOf(street, { width_m: null }, 16), 2);
  const lane = line({ width: 3, ground: { metres: 2, most: 12, fromZoom: 0 } });
  assert.deepEqual([10, 20].map((zoom) => widthOf(lane, {}, zoom)), [3, 12]);
});

test("colours: a branch's, a kind's, the layer's, a named one", () => {
  const feature = (properties) => ({ properties });
  assert.equal(colourOf({ colour: "branch" }, feature({ colour: 4 })), "#b");
  const sites = { colour: "site", by: "kind", glyphs: { market: ["M", "market_site"] } };
  assert.deepEqual(["market", "stall"].map((kind) => colourOf(sites, feature({ kind }))), ["#333", "#222"]);
  assert.equal(colourOf({ colour: "nothing", by: "", glyphs: {} }, feature({})), "#111");
  assert.deepEqual([named("", "#own"), named("site", "#own")], ["#own", "#222"]);
});

test("what isn't in use is an outline that says what it is", () => {
  const layer = { whole: ["status", ["open"]], fields: [{ name: "status", choices: { shut: "shut for now" } }] };
  assert.deepEqual(["open", "shut"].map((status) => isWhole(layer, { status })), [true, false]);
  assert.equal(statusOf(layer, { status: "shut" }), "shut for now");
  assert.equal(isWhole({ whole: null }, {}), true);
});

test("letters, names along roads, other people's sections, and what the page is about", () => {
  const letter = { of: "kind", says: { large: "L" }, other: "P" };
  assert.deepEqual(["large", "plain"].map((kind) => letterOf(letter, { kind })), ["L", "P"]);
  assert.equal(letterOf({ of: "number", says: {}, other: "" }, { number: 12 }), "12");
  const names = { by: "class", kinds: { main: { size: 12 }, local: { size: 11 } } };
  assert.deepEqual(["main", "local", "?"].map((kind) => nameStyleOf(names, { class: kind }).size), [12, 11, 11]);
  const shared = line({ others: { of: "branch", share: 0.7, opacity: 0.4 } });
  assert.deepEqual([["01", "02"], ["01", "01"], ["01", ""]].map(([branch, own]) => isOfOthers(shared, { branch }, own)), [true, false, false]);
  assert.deepEqual([7, "7", 8].map((id) => isFocus({ name: "sites" }, { id })), [true, true, false]);
});
