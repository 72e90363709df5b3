/* The sign of a register's row on the map. */

import { element } from "../dom.js";

/**
 * @param {string} text
 * @param {boolean} open whether its place is still to be settled
 */
export function pinIcon(text, open) {
  const body = element("span", open ? "reg-pin open" : "reg-pin", text);
  return L.divIcon({ className: "reg-mark", html: body, iconSize: [28, 28] });
}
