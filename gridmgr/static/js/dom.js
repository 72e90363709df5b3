/* Elements: found by their id, and made from text nodes, so that no name can carry markup. */

/**
 * The element of that id, which the page's template has.
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const found = document.getElementById(id);
  if (!found) { throw new Error(`no element #${id}`); }
  return found;
}

/**
 * The one element of `place` that the selector names.
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [place]
 * @returns {T}
 */
export function one(selector, place = document) {
  const found = place.querySelector(selector);
  if (!found) { throw new Error(`no element ${selector}`); }
  return /** @type {T} */ (found);
}

/**
 * @template {HTMLElement} [T=HTMLElement]
 * @param {string} selector
 * @param {ParentNode} [place]
 * @returns {T[]}
 */
export function all(selector, place = document) {
  return /** @type {T[]} */ ([...place.querySelectorAll(selector)]);
}

/**
 * A new element with its class and text.
 * @template {keyof HTMLElementTagNameMap} K
 * @param {K} tag
 * @param {string} [className]
 * @param {string} [text]
 * @returns {HTMLElementTagNameMap[K]}
 */
export function element(tag, className, text) {
  const made = document.createElement(tag);
  if (className) { made.className = className; }
  if (text !== undefined) { made.textContent = text; }
  return made;
}

/**
 * A button that sends no form.
 * @param {string} className
 * @param {string} text
 * @param {() => void} work
 */
export function pushButton(className, text, work) {
  const made = element("button", className, text);
  made.type = "button";
  made.addEventListener("click", work);
  return made;
}

/**
 * What the page's template says in JSON.
 * @param {string} id
 * @returns {any}
 */
export function dataOf(id) { return JSON.parse(byId(id).textContent || "null"); }

/**
 * Runs with the page's map, at once or as soon as it is there.
 * @param {(map: GridMap) => void} start
 */
export function whenMapped(start) {
  if (window.gridmgr && window.gridmgr.current) { start(window.gridmgr.current); return; }
  document.addEventListener("gridmgr:map", (event) => start(event.detail), { once: true });
}
