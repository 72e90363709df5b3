/* What a layer's declaration says of one feature: its colour, and whether it is drawn whole. */

import { page } from "./page.js";

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
 * Whether the page is about this very feature.
 * @param {LayerSpec} layer
 * @param {TileFeature} feature
 */
export function isFocus(layer, feature) {
  return page.focus !== null && page.focus[0] === layer.name && String(page.focus[1]) === String(feature.id);
}
