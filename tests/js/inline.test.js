/* Tiles that are cut in the browser, from data on a grid of 0.1 m. */

import assert from "node:assert/strict";
import { test } from "node:test";

import { Source, cutOf, degrees, rank } from "../../gridmgr/static/js/map/inline.js";

const HALF_WORLD = 20037508.342789244;
const Z = 14, SIZE = (2 * HALF_WORLD) / 2 ** Z; // a tile of zoom 14 is 2,446 m of EPSG:3857
/* The data begins at the south-west corner of the tile 8192/8191, north-east of where equator and prime meridian meet. */
const place = { west: 0, south: 0, unit: 0.1, extent: Math.round(SIZE * 10), data: {}, points: "" };
const point = (id, x, y, properties = {}) => ({ id, type: 1, properties, rings: [[{ x, y }]] });
const layer = (name, more = {}) => ({ name, title: name, heading: "name", clusteredBelow: 0, searched: true, ...more });
const top = place.extent;

function source(layers, data, markers = {}) {
  return new Source({ layers, inline: place }, data, () => markers);
}

test("a feature lies in its tile where the server would put it", () => {
  const tile = source([layer("sites")], { sites: [point(7, top / 2, top / 4)] }).tile(Z, 8192, 8191);
  const [{ id, rings: [[p]] }] = tile.sites;
  assert.equal(id, 7);
  assert.ok(Math.abs(p.x - 2048) < 0.1 && Math.abs(p.y - 1024) < 0.1);
});

test("a tile elsewhere is empty, one beside it has what lies in its buffer", () => {
  const sites = source([layer("sites")], { sites: [point(1, top - 100, 500)] });
  assert.equal(sites.tile(Z, 8000, 8000).sites.length, 0);
  assert.equal(sites.tile(Z, 8193, 8191).sites.length, 1); // 10 m west of its edge
});

test("what is counted is counted in cells, at the middle of what is in each", () => {
  const data = { bays: [point(1, 1000, 1000), point(2, 1200, 1000), point(3, 20000, 20000)] };
  const bays = source([layer("bays", { clusteredBelow: 15 })], data);
  assert.deepEqual(bays.tile(Z, 8192, 8191).bays.map((each) => each.properties.n), [2, 1]);
  assert.equal(bays.tile(15, 16384, 16382).bays.length, 2); // nearer by: the two that are in this quarter, one by one
  const { scale } = cutOf(place, Z, 8192, 8191);
  assert.ok(Math.abs(bays.tile(Z, 8192, 8191).bays[0].rings[0][0].x - 1100 * scale) < 0.01);
});

test("search finds names, codes and English names, beginnings first, each name once", () => {
  const roads = [
    point(1, 0, 0, { name: "North Bridge" }), point(2, 0, 0, { name: "Bridge Lane" }), point(3, 0, 0, { name: "Bridge Lane" }),
    point(4, 0, 0, { name: "Quay", name_en: "bridge end" }), point(5, 0, 0, { name: "Hill" }),
  ];
  const found = source([layer("roads"), layer("sections", { searched: false })], { roads, sections: [point(9, 0, 0, { name: "bridge" })] }).find("BRIDGE");
  assert.deepEqual(found.map((each) => each.title), ["Bridge Lane", "Quay", "North Bridge"]);
  assert.deepEqual([rank("abc", "a"), rank("abc", "c"), rank(null, "c")], [0, 1, 2]);
});

test("a box of the data in degrees", () => {
  const [west, south, east, north] = degrees([0, 0, top, top], place);
  const degree = 360 / 2 ** Z;
  assert.ok(Math.abs(west) < 1e-9 && Math.abs(east - degree) < 1e-6);
  assert.ok(Math.abs(south) < 1e-6 && Math.abs(north - degree) < 1e-5);
});

test("markers are read once, when they are wanted", () => {
  let read = 0;
  const markers = new Source({ layers: [], inline: place }, {}, () => { read += 1; return { sites: ["here"] }; });
  assert.equal(read, 0);
  assert.deepEqual([markers.points("sites"), markers.points("schools"), read], [["here"], [], 1]);
});
