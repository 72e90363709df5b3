/* Layers that come in one vector tile, drawn on one canvas in their order. */

import { ask } from "../ask.js";
import { notice } from "./controls.js";
import { TILE_PX, touches } from "./geometry.js";
import { writeLabels } from "./labels.js";
import { page, source } from "./page.js";
import { paintLayer } from "./paint.js";

const RATIO = Math.min(window.devicePixelRatio || 1, 2);
export const BACKDROP_ORDER = 1;

/** @typedef {HTMLCanvasElement & { abort: AbortController, names: string[], features?: Tile }} TileCanvas */

/**
 * Further layers lie between the backdrop and those that one came for.
 * @param {GroupSpec} spec
 */
function zOrder(spec) { return spec.onDemand ? 15 : spec.order * 10; }

/**
 * @param {GridMap} map
 * @param {GroupSpec} spec
 */
export function addGroup(map, spec) {
  const group = new TileGroup(map, spec), groups = map.gridmgr.groups;
  groups.push(group);
  groups.sort((a, b) => zOrder(a.spec) - zOrder(b.spec));
  return spec.onDemand ? group : group.addTo(map);
}

export class TileGroup extends L.GridLayer {
  /**
   * @param {GridMap} chart
   * @param {GroupSpec} spec
   */
  constructor(chart, spec) {
    super({
      tileSize: TILE_PX, minNativeZoom: 1, minZoom: spec.fromZoom || 0, keepBuffer: 1, updateWhenZooming: false,
      zIndex: zOrder(spec), className: "gridmgr-tiles",
    });
    this.chart = chart;
    this.spec = spec;
    this.source = spec.inline && source.of ? source.of(spec) : null;
    /** @type {Overlay[]} */
    this.overlays = [];
    this.shown = new Set(spec.order === BACKDROP_ORDER ? spec.layers.map((layer) => layer.name) : []);
    this.settling = 0;
    this.on("load tileerror", () => chart.getContainer().classList.remove("map-waiting"));
    this.on("tileunload", (event) => /** @type {any} */ (event.tile).abort?.abort());
  }

  /**
   * @param {L.Coords} coords
   * @param {L.DoneCallback} done
   */
  createTile(coords, done) {
    const canvas = /** @type {TileCanvas} */ (document.createElement("canvas"));
    canvas.width = canvas.height = TILE_PX * RATIO;
    canvas.abort = new AbortController();
    canvas.names = this.wanted().map((layer) => layer.name);
    this.load(coords, canvas.abort.signal).then(
      (tile) => { canvas.features = tile; this.paint(canvas, coords); done(undefined, canvas); },
      (error) => { if (error.name !== "AbortError") { notice(this.chart, page.words.offline); } done(error, canvas); },
    );
    return canvas;
  }

  /**
   * @param {L.Coords} coords
   * @param {AbortSignal} signal
   * @returns {Promise<Tile>}
   */
  async load(coords, signal) {
    if (this.source) { return this.source.tile(coords.z - 1, coords.x, coords.y); }
    const names = this.wanted().filter((layer) => coords.z >= layer.minZoom).map((layer) => layer.name);
    if (!names.length) { return {}; }
    const url = this.spec.url.replace("{names}", names.join(",")).replace("{z}", String(coords.z - 1))
      .replace("{x}", String(coords.x)).replace("{y}", String(coords.y));
    const query = new URLSearchParams(this.spec.query).toString();
    const response = await ask(url + (query ? "?" + query : ""), { signal });
    if (!response.ok) { throw new Error(String(response.status)); }
    return decode(await response.arrayBuffer());
  }

  /**
   * @param {TileCanvas} canvas
   * @param {L.Coords} coords
   */
  paint(canvas, coords) {
    const pen = canvas.getContext("2d"), features = canvas.features || {};
    if (!pen) { return; }
    pen.setTransform(RATIO, 0, 0, RATIO, 0, 0);
    pen.clearRect(0, 0, TILE_PX, TILE_PX);
    /** @type {Label[]} */
    const labels = [];
    for (const layer of this.visible(coords.z)) {
      if (features[layer.name]) { paintLayer(pen, features[layer.name], layer, coords.z, labels); }
    }
    writeLabels(pen, labels);
  }

  /**
   * The layers that show at that zoom, lowest first.
   * @param {number} zoom
   */
  visible(zoom) {
    return this.spec.layers.filter((layer) => this.shown.has(layer.name) && zoom >= layer.minZoom);
  }

  /** The layers of which tiles are fetched: all, or those that are switched on. */
  wanted() {
    return this.spec.onDemand ? this.spec.layers.filter((layer) => this.shown.has(layer.name)) : this.spec.layers;
  }

  /**
   * @param {string} name
   * @param {boolean} visible
   */
  show(name, visible) {
    if (this.shown.has(name) === visible) { return; }
    if (visible) { this.shown.add(name); } else { this.shown.delete(name); }
    if (!this.spec.onDemand) { this.repaint(); return; }
    window.clearTimeout(this.settling); // several are switched at once when a page opens
    this.settling = window.setTimeout(() => this.settle(), 0);
  }

  /* On the map while one of its layers is on; fetched anew when a tile lacks one. */
  settle() {
    const there = this.chart.hasLayer(this);
    if (!this.shown.size) { this.remove(); return; }
    if (!there) { this.addTo(this.chart); return; }
    const lacking = this.tiles().some(({ el }) => this.wanted().some((layer) => !el.names.includes(layer.name)));
    if (lacking) { this.remove().addTo(this.chart); } else { this.repaint(); } // redraw() asks for tiles of half zooms
  }

  repaint() {
    for (const { el, coords } of this.tiles()) {
      if (el.features) { this.paint(el, coords); }
    }
  }

  /** @returns {{ el: TileCanvas, coords: L.Coords }[]} */
  tiles() {
    return Object.values(/** @type {any} */ (this._tiles || {}));
  }

  /**
   * What lies at a place, topmost first.
   * @param {L.LatLng} latlng
   * @returns {{ layer: LayerSpec, feature: TileFeature } | null}
   */
  hitAt(latlng) {
    const zoom = this._tileZoom;
    if (zoom === undefined) { return null; }
    const world = this.chart.project(latlng, zoom), x = Math.floor(world.x / TILE_PX), y = Math.floor(world.y / TILE_PX);
    const tile = this.tiles().find(({ coords }) => coords.x === x && coords.y === y && coords.z === zoom);
    if (!tile || !tile.el.features) { return null; }
    for (const layer of this.visible(zoom).reverse()) {
      const feature = (tile.el.features[layer.name] || []).find((each) => touches(each, world.x - x * TILE_PX, world.y - y * TILE_PX));
      if (feature) { return { layer, feature }; }
    }
    return null;
  }
}

/**
 * @param {ArrayBuffer} buffer
 * @returns {Tile}
 */
export function decode(buffer) {
  /** @type {Tile} */
  const layers = {};
  if (!buffer.byteLength) { return layers; }
  const tile = new vectorTile.VectorTile(new vectorTile.PbfReader(new Uint8Array(buffer)));
  for (const [name, source] of Object.entries(tile.layers)) {
    layers[name] = Array.from({ length: source.length }, (_each, index) => {
      const feature = source.feature(index);
      return { id: feature.id, type: feature.type, properties: feature.properties, rings: feature.loadGeometry() };
    });
  }
  return layers;
}
