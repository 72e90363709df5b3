/* The map in a file that needs no server: the page's map, whose data lies in the file itself. */

import "../map.js";
import { byId } from "../dom.js";
import { Source } from "./inline.js";
import { source } from "./page.js";
import { decode } from "./tiles.js";

/**
 * The bytes that an element of the file holds in base64.
 * @param {string} id
 */
function bytesOf(id) {
  return Uint8Array.from(atob(byId(id).textContent || ""), (each) => each.charCodeAt(0));
}

source.of = (spec) => {
  const place = /** @type {InlinePlace} */ (spec.inline);
  const readMarkers = () => JSON.parse(new TextDecoder().decode(bytesOf(place.points)));
  return new Source({ ...spec, inline: place }, decode(bytesOf(place.data[spec.order]).buffer), readMarkers);
};
