/* The data of a map file that is opened without a server: vector tiles are cut here, from one tile over everything.
 *
 * `spec.inline` says where the data lies: { west, south } in metres of EPSG:3857, `unit` metres per step, `extent` steps,
 * and `data`, by order of the group the ids of the elements that hold it in base64 (`points` holds the markers).
 */

import { EXTENT, POINT } from "./geometry.js";

const HALF_WORLD = 20037508.342789244;
const BUFFER = 64, CELLS_ACROSS = 12;
const FOUND_AT_MOST = 12;

/** @typedef {{ scale: number, dx: number, dy: number }} Cut How the steps of the data come to those of a tile. */

/** @implements {InlineSource} */
export class Source {
  /**
   * @param {GroupSpec & { inline: InlinePlace }} spec
   * @param {Tile} layers the decoded data of the group
   * @param {() => Record<string, PointFeature[]>} readMarkers
   */
  constructor(spec, layers, readMarkers) {
    this.layers = spec.layers;
    this.place = spec.inline;
    this.features = Object.fromEntries(Object.entries(layers).map(([name, features]) => [name, features.map(bounded)]));
    this.readMarkers = readMarkers;
    /** @type {Record<string, PointFeature[]> | null} */
    this.markers = null;
  }

  /**
   * The tile z/x/y as the server would give it: whole features, or counts per cell where the layer wants them.
   * @param {number} z
   * @param {number} x
   * @param {number} y
   */
  tile(z, x, y) {
    const cut = cutOf(this.place, z, x, y);
    /** @type {Tile} */
    const tile = {};
    for (const layer of this.layers) {
      const near = (this.features[layer.name] || []).filter((feature) => meets(boxOf(feature), cut));
      tile[layer.name] = z < layer.clusteredBelow ? counts(near, cut) : near.map((feature) => moved(feature, cut));
    }
    return tile;
  }

  /** @param {string} name */
  points(name) {
    this.markers = this.markers || this.readMarkers();
    return this.markers[name] || [];
  }

  /**
   * Features whose name, number or code holds the words: those that begin with them first.
   * @param {string} words
   * @returns {Found[]}
   */
  find(words) {
    const wanted = words.toLowerCase(), found = [];
    for (const layer of this.layers) {
      if (!layer.searched) { continue; }
      const seen = new Set();
      for (const feature of this.features[layer.name] || []) {
        const title = String(feature.properties[layer.heading] ?? "");
        const said = [title, feature.properties.code, feature.properties.name_en];
        const at = Math.min(...said.map((text) => rank(text, wanted)));
        if (at < 2 && !seen.has(title)) {
          seen.add(title);
          found.push({ at, title, subtitle: layer.title, bbox: degrees(boxOf(feature), this.place) });
        }
      }
    }
    return found.sort((a, b) => a.at - b.at).slice(0, FOUND_AT_MOST);
  }
}

/**
 * @param {InlinePlace} place
 * @param {number} z
 * @param {number} x
 * @param {number} y
 * @returns {Cut}
 */
export function cutOf(place, z, x, y) {
  const size = (2 * HALF_WORLD) / 2 ** z, west = -HALF_WORLD + x * size, north = HALF_WORLD - y * size;
  const top = place.south + place.extent * place.unit;
  return { scale: (place.unit / size) * EXTENT, dx: ((place.west - west) / size) * EXTENT, dy: ((north - top) / size) * EXTENT };
}

/**
 * A box of the data as west, south, east, north in degrees.
 * @param {[number, number, number, number]} box
 * @param {InlinePlace} place
 * @returns {Box}
 */
export function degrees([left, top, right, bottom], { west, south, unit, extent }) {
  const height = south + extent * unit;
  const lon = (/** @type {number} */ steps) => ((west + steps * unit) / HALF_WORLD) * 180;
  const lat = (/** @type {number} */ steps) => (360 / Math.PI) * Math.atan(Math.exp(((height - steps * unit) / HALF_WORLD) * Math.PI)) - 90;
  return [lon(left), lat(bottom), lon(right), lat(top)];
}

/** @param {TileFeature} feature */
function bounded(feature) {
  let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
  for (const p of feature.rings.flat()) {
    left = Math.min(left, p.x);
    right = Math.max(right, p.x);
    top = Math.min(top, p.y);
    bottom = Math.max(bottom, p.y);
  }
  feature.box = [left, top, right, bottom];
  return feature;
}

/** @param {TileFeature} feature */
function boxOf(feature) { return /** @type {[number, number, number, number]} */ (feature.box); }

/**
 * 0 where the text begins with the words, 1 where it holds them, 2 where it doesn't.
 * @param {unknown} text
 * @param {string} wanted
 */
export function rank(text, wanted) {
  const at = String(text ?? "").toLowerCase().indexOf(wanted);
  return at < 0 ? 2 : Math.min(at, 1);
}

/**
 * Whether the box comes into the tile or its buffer.
 * @param {[number, number, number, number]} box
 * @param {Cut} cut
 */
function meets([left, top, right, bottom], { scale, dx, dy }) {
  return right * scale + dx >= -BUFFER && left * scale + dx <= EXTENT + BUFFER
    && bottom * scale + dy >= -BUFFER && top * scale + dy <= EXTENT + BUFFER;
}

/**
 * @param {TileFeature} feature
 * @param {Cut} cut
 * @returns {TileFeature}
 */
function moved(feature, { scale, dx, dy }) {
  const rings = feature.rings.map((ring) => ring.map((p) => ({ x: p.x * scale + dx, y: p.y * scale + dy })));
  return { id: feature.id, type: feature.type, properties: feature.properties, rings };
}

/**
 * How many there are in each cell, at the middle of those in it.
 * @param {TileFeature[]} features
 * @param {Cut} cut
 * @returns {TileFeature[]}
 */
function counts(features, { scale, dx, dy }) {
  const cells = new Map(), side = EXTENT / CELLS_ACROSS;
  for (const [left, top, right, bottom] of features.map(boxOf)) {
    const x = ((left + right) / 2) * scale + dx, y = ((top + bottom) / 2) * scale + dy;
    const key = `${Math.floor(x / side)},${Math.floor(y / side)}`;
    const cell = cells.get(key) || { n: 0, x: 0, y: 0 };
    cells.set(key, { n: cell.n + 1, x: cell.x + x, y: cell.y + y });
  }
  return [...cells.values()].map(({ n, x, y }) => ({ type: POINT, properties: { n }, rings: [[{ x: x / n, y: y / n }]] }));
}
