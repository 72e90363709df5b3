/* The strokes that painters share, on a tile's canvas. */

import { AREA, LINE, PX, TILE_PX, countRadius } from "./geometry.js";
import { FONT } from "./labels.js";
import { page } from "./page.js";
import { colourOf, isFocus } from "./style.js";

export const NUMBERS_FROM = 15;

/** @typedef {CanvasRenderingContext2D} Pen */

/**
 * @param {Pen} pen
 * @param {TileFeature} feature
 */
function trace(pen, feature) {
  for (const ring of feature.rings) {
    ring.forEach((p, i) => (i ? pen.lineTo(p.x * PX, p.y * PX) : pen.moveTo(p.x * PX, p.y * PX)));
    if (feature.type === AREA) { pen.closePath(); }
  }
}

/**
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {string} colour
 * @param {number} width
 * @param {number[]} [dash] pixels on and off
 */
export function stroke(pen, feature, colour, width, dash = []) {
  pen.beginPath();
  trace(pen, feature);
  pen.lineJoin = "round";
  pen.lineCap = dash.length && feature.type === LINE ? "butt" : "round";
  pen.setLineDash(dash);
  pen.strokeStyle = colour;
  pen.lineWidth = width;
  pen.stroke();
  pen.setLineDash([]);
}

/**
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {string} colour
 * @param {number} alpha
 */
export function fill(pen, feature, colour, alpha) {
  pen.beginPath();
  trace(pen, feature);
  pen.globalAlpha = alpha;
  pen.fillStyle = colour;
  pen.fill("evenodd");
  pen.globalAlpha = 1;
}

/**
 * Slanting lines over an area.
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {string} colour
 */
export function hatch(pen, feature, colour) {
  pen.save();
  pen.beginPath();
  trace(pen, feature);
  pen.clip("evenodd");
  pen.beginPath();
  for (let x = -TILE_PX; x < TILE_PX; x += 8) { pen.moveTo(x, TILE_PX); pen.lineTo(x + TILE_PX, 0); }
  pen.strokeStyle = colour;
  pen.globalAlpha = 0.6;
  pen.lineWidth = 1;
  pen.stroke();
  pen.restore();
}

/**
 * One thing is a spot; what is counted says how many.
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {LayerSpec} layer
 * @param {number} zoom
 */
export function paintPoint(pen, feature, layer, zoom) {
  if (feature.properties.n !== undefined) { paintCount(pen, feature, layer, zoom); return; }
  const p = feature.rings[0][0];
  pen.beginPath();
  pen.arc(p.x * PX, p.y * PX, isFocus(layer, feature) ? 9 : zoom >= 16 ? 6 : 4, 0, 2 * Math.PI);
  pen.fillStyle = colourOf(layer, feature);
  pen.fill();
  pen.strokeStyle = "#fff";
  pen.lineWidth = 1.5;
  pen.stroke();
}

/**
 * How many there are about here: a plain dot over the whole city, with the number from NUMBERS_FROM on.
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {LayerSpec} layer
 * @param {number} zoom
 */
function paintCount(pen, feature, layer, zoom) {
  const p = feature.rings[0][0], n = feature.properties.n || 1, numbered = zoom >= NUMBERS_FROM;
  const radius = numbered ? countRadius(n) : 2 + Math.sqrt(n) * 0.3, x = p.x * PX, y = p.y * PX;
  pen.beginPath();
  pen.arc(x, y, radius, 0, 2 * Math.PI);
  pen.fillStyle = page.colours[layer.colour];
  pen.globalAlpha = numbered ? 0.85 : 0.45;
  pen.fill();
  pen.globalAlpha = 1;
  if (!numbered) { return; }
  pen.fillStyle = "#fff";
  pen.font = `600 9px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillText(String(n), x, y + 0.5);
}
