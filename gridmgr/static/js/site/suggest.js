/* What the search box suggests while one types. */

import { ask } from "../ask.js";
import { all, element } from "../dom.js";

const WAIT_MS = 180;

/** @param {HTMLInputElement} input in a form */
export function suggestFor(input) {
  const list = element("ul", "suggestions"), form = /** @type {HTMLFormElement} */ (input.form);
  list.hidden = true;
  input.after(list);
  let waiting = 0;
  input.addEventListener("input", () => {
    window.clearTimeout(waiting);
    waiting = window.setTimeout(() => suggest(input, list), WAIT_MS);
  });
  form.addEventListener("keydown", (event) => move(event, input, list));
  form.addEventListener("focusout", (event) => {
    if (!form.contains(/** @type {Node | null} */ (event.relatedTarget))) { list.hidden = true; }
  });
}

/**
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list
 */
async function suggest(input, list) {
  const words = input.value.trim();
  if (!words) { list.hidden = true; return; }
  const response = await ask(`${input.dataset.suggest}?${new URLSearchParams({ q: words })}`).catch(() => null);
  if (!response || !response.ok || input.value.trim() !== words) { return; }
  /** @type {Found[]} */
  const found = await response.json();
  list.replaceChildren(...found.map(line));
  list.hidden = found.length === 0;
}

/** @param {Found} found */
function line(found) {
  const item = element("li"), link = element("a");
  link.href = found.url || "";
  link.append(found.title, element("small", "", found.subtitle));
  item.append(link);
  return item;
}

/**
 * @param {KeyboardEvent} event
 * @param {HTMLInputElement} input
 * @param {HTMLElement} list
 */
function move(event, input, list) {
  const links = all("a", list), step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (event.key === "Escape") { list.hidden = true; input.focus(); }
  if (!step || list.hidden || !links.length) { return; }
  event.preventDefault();
  const next = links.findIndex((each) => each === document.activeElement) + step;
  (links[next] || input).focus();
}
