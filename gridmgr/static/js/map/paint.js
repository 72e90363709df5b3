/* How each layer is painted on a tile. */

import { AREA, POINT, PX, inside, metresToPx, middle } from "./geometry.js";
import { badge, letter, nameAlong, nameIn } from "./labels.js";
import { page } from "./page.js";
import { fill, hatch, paintCount, paintPoint, stroke, trace } from "./pen.js";
import { colourOf, isFocus, isWhole } from "./style.js";

const SIGNS_FROM = 13;
/** By OpenStreetMap class: pixels at zoom 13. @type {Record<string, number>} */
const ROAD_WIDTHS = {
  motorway: 4, trunk: 4, primary: 3.4, secondary: 2.8, tertiary: 2, unclassified: 1.3, residential: 1.1,
  living_street: 1, service: 0.7,
};
const BACKDROP = new Set(["water", "parks", "markets", "carriageways"]);

/**
 * @typedef {CanvasRenderingContext2D} Pen
 * @typedef {(pen: Pen, features: TileFeature[], layer: LayerSpec, zoom: number, labels: Label[]) => void} Painter
 */

/** @type {Painter} */
function paintAreas(pen, features, layer, zoom, labels) {
  const isBackdrop = BACKDROP.has(layer.name);
  for (const feature of features) {
    if (layer.painted) { signOn(feature, layer, zoom, labels); }
    if (feature.type === POINT) { paintPoint(pen, feature, layer, zoom); continue; }
    const colour = colourOf(layer, feature);
    if (isBackdrop) { fill(pen, feature, colour, 1); } else { paintArea(pen, feature, layer, colour); }
    if (layer.label && zoom >= 13) {
      const below = layer.glyph && zoom >= layer.markerZoom ? 20 : 0;
      nameIn(pen, feature, feature.properties[layer.label], { ink: isBackdrop ? "#5f6f78" : colour, below }, labels);
    }
  }
}

/**
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {LayerSpec} layer
 * @param {string} colour
 */
function paintArea(pen, feature, layer, colour) {
  const whole = isWhole(layer, feature.properties);
  if (whole) { fill(pen, feature, colour, 0.22); } else { pen.setLineDash([5, 4]); }
  stroke(pen, feature, colour, layer.width * (isFocus(layer, feature) ? 3 : whole ? 1 : 1.5));
  pen.setLineDash([]);
}

/** Ground that is barred is hatched, so that no other area looks like it on any screen. @type {Painter} */
function paintBarred(pen, features, layer, zoom, labels) {
  paintAreas(pen, features, layer, zoom, labels);
  for (const feature of features.filter((each) => each.type === AREA)) { hatch(pen, feature, colourOf(layer, feature)); }
}

/**
 * A thing's own character, once it shows near enough to have room.
 * @param {TileFeature} feature
 * @param {LayerSpec} layer
 * @param {number} zoom
 * @param {Label[]} labels
 */
function signOn(feature, layer, zoom, labels) {
  const ring = feature.rings[0], [x, y] = feature.type === POINT ? [ring[0].x * PX, ring[0].y * PX] : middle(ring);
  if (zoom < Math.max(layer.minZoom + 1, SIGNS_FROM) || !inside(x, y, 10)) { return; }
  labels.push({ x, y, text: layer.glyph, sign: colourOf(layer, feature), ink: "#fff", width: 18, size: 11 });
}

/** @type {Painter} */
function paintLines(pen, features, layer) {
  for (const feature of features) {
    stroke(pen, feature, colourOf(layer, feature), layer.width * (isFocus(layer, feature) ? 1.8 : 1));
  }
}

/** @type {Painter} */
function paintCarriageways(pen, features, _layer, zoom) {
  const widths = features.map((feature) => {
    const base = ROAD_WIDTHS[feature.properties.highway.replace("_link", "")] || 1;
    const drawn = base * (feature.properties.link ? 0.6 : 1) * 1.35 ** (Math.min(zoom, 17) - 13);
    return zoom >= 16 ? Math.max(drawn, metresToPx(feature.properties.width_m, zoom)) : drawn;
  });
  features.forEach((f, i) => widths[i] > 0.5 && stroke(pen, f, page.colours.road_casing, widths[i] + 1.4));
  features.forEach((f, i) => widths[i] > 0.5 && stroke(pen, f, page.colours.road, widths[i]));
}

/** @type {Painter} */
function paintSections(pen, features, layer, zoom, labels) {
  const width = Math.max(3, Math.min(4.5 + (zoom - 12) * 0.6, 8));
  features.forEach((feature) => stroke(pen, feature, "#fff", width + 2));
  for (const feature of features) {
    const others = page.own && feature.properties.branch !== page.own;
    pen.globalAlpha = others ? 0.4 : 1;
    stroke(pen, feature, colourOf(layer, feature), isFocus(layer, feature) ? width + 4 : others ? width * 0.7 : width);
    pen.globalAlpha = 1;
    if (zoom >= 13) { badge(feature, colourOf(layer, feature), labels); }
  }
}

/** @type {Painter} */
function paintRoads(pen, features, layer, zoom, labels) {
  for (const feature of features) {
    if (isFocus(layer, feature)) {
      pen.globalAlpha = 0.4; // broad, so that it shows on both sides of the sections that lie over it
      stroke(pen, feature, page.colours.drop_off, 18);
      pen.globalAlpha = 1;
    }
    const important = feature.properties["class"] !== "local";
    if (zoom >= (important ? 13.5 : 15.5)) { nameAlong(pen, feature, labels, important); }
  }
}

/** @type {Painter} */
function paintBays(pen, features, layer, zoom) {
  for (const feature of features) {
    if (feature.type === POINT) { paintCount(pen, feature, layer, zoom); continue; }
    fill(pen, feature, isWhole(layer, feature.properties) ? page.colours.bay_fill : "#fff", 0.95);
    stroke(pen, feature, page.colours.bay, isFocus(layer, feature) ? 4 : zoom >= 18 ? 1.4 : 0.7);
    if (zoom >= 19) { letter(pen, feature, bayLetter(feature.properties.kind), page.colours.bay); }
  }
}

/** @param {string} kind */
function bayLetter(kind) {
  return { large: page.words.large_short, accessible: "♿", charging: page.words.charging_short }[kind] || "P";
}

/** @type {Painter} */
function paintPandaLanes(pen, features, _layer, zoom) {
  for (const feature of features) {
    const width = Math.max(3, Math.min(metresToPx(2, zoom), 12));
    stroke(pen, feature, "#fff", width + 2);
    stroke(pen, feature, page.colours.panda, width);
    pen.setLineDash([width * 1.5, width * 1.5]);
    pen.lineCap = "butt";
    pen.beginPath();
    trace(pen, feature);
    pen.strokeStyle = "#fff";
    pen.lineWidth = width * 0.55;
    pen.stroke();
    pen.setLineDash([]);
  }
}

/** @type {Painter} */
function paintPitches(pen, features, layer, zoom) {
  for (const feature of features) {
    const whole = isWhole(layer, feature.properties), taken = feature.properties.taken;
    if (whole) { fill(pen, feature, taken ? page.colours.pitch_taken : page.colours.pitch_free, 1); }
    if (!whole) { pen.setLineDash([3, 3]); }
    stroke(pen, feature, page.colours.ink, isFocus(layer, feature) ? 3 : whole ? 1 : 0.7);
    pen.setLineDash([]);
    if (zoom >= 19) { letter(pen, feature, feature.properties.number, whole && taken ? "#fff" : page.colours.ink); }
  }
}

/** @type {Record<string, Painter>} */
const PAINTERS = {
  area: paintAreas, marker: paintAreas, line: paintLines, carriageways: paintCarriageways, sections: paintSections,
  roads: paintRoads, bays: paintBays, "panda-lanes": paintPandaLanes, pitches: paintPitches,
  "no-vending-areas": paintBarred,
};

/**
 * One layer of a tile; its words come to `labels`.
 * @type {Painter}
 */
export function paintLayer(pen, features, layer, zoom, labels) {
  (PAINTERS[layer.name] || PAINTERS[layer.shape])(pen, features, layer, zoom, labels);
}
