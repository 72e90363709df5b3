/* How a layer is painted on a tile, as its style says (gridmgr/core/layers/style.py). */

import { AREA, POINT, PX, inside, middle } from "./geometry.js";
import { badge, letter, nameAlong, nameIn } from "./labels.js";
import { page } from "./page.js";
import { fill, hatch, paintPoint, stroke } from "./pen.js";
import { colourOf, isFocus, isOfOthers, isWhole, letterOf, nameStyleOf, named, sizeAt, widthOf } from "./style.js";

const SIGNS_FROM = 13;
const BELOW_PIN_PX = 20;
const LEAST_PX = 0.5; // a thinner line isn't drawn
const ROAD_FOCUS_PX = 18; // broad, so that it shows on both sides of the sections that lie over it

/**
 * @typedef {CanvasRenderingContext2D} Pen
 * @typedef {(pen: Pen, features: TileFeature[], layer: LayerSpec, zoom: number, labels: Label[]) => void} Painter
 */

/**
 * One layer of a tile; its words come to `labels`.
 * @type {Painter}
 */
export function paintLayer(pen, features, layer, zoom, labels) {
  const paint = layer.names ? paintNames : layer.shape === "line" ? paintLines : paintAreas;
  paint(pen, features, layer, zoom, labels);
}

/** All casings lie under all lines, so that they flow into each other. @type {Painter} */
function paintLines(pen, features, layer, zoom, labels) {
  const { casing } = layer.line;
  const drawn = features.map((feature) => ({ feature, width: widthOf(layer.line, feature.properties, zoom) })).filter((each) => each.width > LEAST_PX);
  if (casing) {
    for (const { feature, width } of drawn) { stroke(pen, feature, page.colours[casing.colour], width + sizeAt(casing.more, zoom)); }
  }
  for (const { feature, width } of drawn) { paintLine(pen, feature, layer, width, zoom, labels); }
}

/**
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {LayerSpec} layer
 * @param {number} width
 * @param {number} zoom
 * @param {Label[]} labels
 */
function paintLine(pen, feature, layer, width, zoom, labels) {
  const { line, label } = layer, { stripes } = line, colour = colourOf(layer, feature);
  const others = isOfOthers(line, feature.properties, page.own) ? line.others : null;
  pen.globalAlpha = others ? others.opacity : 1;
  stroke(pen, feature, colour, isFocus(layer, feature) ? width + line.focus : others ? width * sizeAt(others.share, zoom) : width);
  pen.globalAlpha = 1;
  if (stripes) { stroke(pen, feature, page.colours[stripes.colour], width * stripes.share, stripes.dash.map((each) => each * width)); }
  if (label && zoom >= label.fromZoom) { badge(feature, feature.properties[label.of], colour, labels); }
}

/** @type {Painter} */
function paintNames(pen, features, layer, zoom, labels) {
  const names = /** @type {NamesStyle} */ (layer.names);
  for (const feature of features) {
    if (isFocus(layer, feature)) {
      pen.globalAlpha = 0.4;
      stroke(pen, feature, page.colours.drop_off, ROAD_FOCUS_PX);
      pen.globalAlpha = 1;
    }
    const name = nameStyleOf(names, feature.properties);
    if (zoom >= sizeAt(name.fromZoom, zoom)) { nameAlong(pen, feature, sizeAt(name.size, zoom), name.bold[0], labels); }
  }
}

/** @type {Painter} */
function paintAreas(pen, features, layer, zoom, labels) {
  for (const feature of features) {
    if (layer.painted) { signOn(feature, layer, zoom, labels); }
    if (feature.type === POINT) { paintPoint(pen, feature, layer, zoom); continue; }
    const body = isWhole(layer, feature.properties) ? layer.body : layer.outline, own = colourOf(layer, feature);
    const [ground, ink] = (body.by && body.fills[String(Boolean(feature.properties[body.by]))]) || [body.fill, body.ink];
    paintBody(pen, feature, layer, body, own, named(ground, own), zoom);
    if (layer.letter && zoom >= layer.letter.fromZoom) { letter(pen, feature, letterOf(layer.letter, feature.properties), named(ink, own)); }
    nameArea(pen, feature, layer, own, zoom, labels);
  }
}

/**
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {LayerSpec} layer
 * @param {BodyStyle} body
 * @param {string} own
 * @param {string} ground
 * @param {number} zoom
 */
function paintBody(pen, feature, layer, body, own, ground, zoom) {
  if (body.opacity) { fill(pen, feature, ground, body.opacity); }
  if (body.width !== null) {
    stroke(pen, feature, named(body.edge, own), isFocus(layer, feature) ? body.focus : sizeAt(body.width, zoom), body.dash || []);
  }
  if (body.hatched && feature.type === AREA) { hatch(pen, feature, own); }
}

/**
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {LayerSpec} layer
 * @param {string} own
 * @param {number} zoom
 * @param {Label[]} labels
 */
function nameArea(pen, feature, layer, own, zoom, labels) {
  const { label } = layer;
  if (!label || zoom < label.fromZoom) { return; }
  const below = layer.glyph && zoom >= layer.markerZoom ? BELOW_PIN_PX : 0;
  nameIn(pen, feature, feature.properties[label.of], { ink: named(label.ink, own), below }, labels);
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
