/* What a layer's declaration says of one feature (gridmgr/core/layers/style.py): its colours, widths and words. */

import { metresToPx } from "./geometry.js";
import { page } from "./page.js";

/**
 * A size at a zoom: a number, or stops between which it grows evenly, or by `base` with each zoom.
 * @param {Ramp} ramp
 * @param {number} zoom
 * @returns {number}
 */
export function sizeAt(ramp, zoom) {
  if (typeof ramp === "number") { return ramp; }
  const next = ramp.stops.findIndex((stop) => stop[0] > zoom);
  if (next <= 0) { return ramp.stops[next < 0 ? ramp.stops.length - 1 : 0][1]; }
  const [low, small] = ramp.stops[next - 1], [high, large] = ramp.stops[next];
  const share = ramp.base === 1
    ? (zoom - low) / (high - low)
    : (ramp.base ** (zoom - low) - 1) / (ramp.base ** (high - low) - 1);
  return small + (large - small) * share;
}

/**
 * How broad a feature's line is, in pixels.
 * @param {LineStyle} line
 * @param {Record<string, any>} properties
 * @param {number} zoom
 */
export function widthOf(line, properties, zoom) {
  const { ground, narrowed } = line, times = line.by ? line.times[properties[line.by]] ?? 1 : 1;
  const drawn = sizeAt(line.width, zoom) * times * (narrowed && properties[narrowed[0]] ? narrowed[1] : 1);
  if (!ground || zoom < ground.fromZoom) { return drawn; }
  const metres = typeof ground.metres === "number" ? ground.metres : properties[ground.metres];
  const broad = Math.max(drawn, metresToPx(metres || 0, zoom));
  return ground.most === null ? broad : Math.min(broad, sizeAt(ground.most, zoom));
}

/**
 * Whether on somebody's own map a feature is another's.
 * @param {LineStyle} line
 * @param {Record<string, any>} properties
 * @param {string} own whose map it is, '' for everybody's
 */
export function isOfOthers(line, properties, own) {
  return Boolean(own) && line.others !== null && properties[line.others.of] !== own;
}

/**
 * A colour by its name; '' is the feature's own.
 * @param {string} name
 * @param {string} own
 */
export function named(name, own) { return name ? page.colours[name] : own; }

/**
 * @param {LayerSpec} layer
 * @param {TileFeature} feature
 */
export function colourOf(layer, feature) {
  if (layer.colour === "branch") { return page.branches[feature.properties.colour % page.branches.length]; }
  const chosen = layer.by && layer.glyphs[feature.properties[layer.by]];
  return page.colours[chosen ? chosen[1] : layer.colour] || page.colours.ink;
}

/**
 * What is there to be used is drawn whole; anything else as an outline that says what it is.
 * @param {LayerSpec} layer
 * @param {Record<string, any>} properties
 */
export function isWhole(layer, properties) {
  return !layer.whole || layer.whole[1].includes(properties[layer.whole[0]]);
}

/**
 * The words for what a thing is that isn't drawn whole.
 * @param {LayerSpec} layer
 * @param {Record<string, any>} properties
 */
export function statusOf(layer, properties) {
  const name = layer.whole ? layer.whole[0] : "", field = layer.fields.find((each) => each.name === name);
  return (field && field.choices[properties[name]]) || String(properties[name] ?? "");
}

/**
 * The letter on a small area.
 * @param {LetterStyle} letter
 * @param {Record<string, any>} properties
 */
export function letterOf(letter, properties) {
  const value = properties[letter.of];
  return Object.keys(letter.says).length ? letter.says[value] ?? letter.other : String(value ?? letter.other);
}

/**
 * How the name along a line is written: as its kind is, else as the least important.
 * @param {NamesStyle} names
 * @param {Record<string, any>} properties
 */
export function nameStyleOf(names, properties) {
  return names.kinds[properties[names.by]] || Object.values(names.kinds)[Object.keys(names.kinds).length - 1];
}

/**
 * Whether the page is about this very feature.
 * @param {LayerSpec} layer
 * @param {TileFeature} feature
 */
export function isFocus(layer, feature) {
  return page.focus !== null && page.focus[0] === layer.name && String(page.focus[1]) === String(feature.id);
}
