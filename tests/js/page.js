/* Just enough of a page for modules that look at it as they are loaded. */

/**
 * Elements by id, each with a text.
 * @param {Record<string, string>} texts
 */
export function pageWith(texts) {
  const field = { value: "token" };
  const made = Object.fromEntries(Object.entries(texts).map(([id, textContent]) => [id, { textContent, elements: { namedItem: () => field } }]));
  globalThis.document = /** @type {any} */ ({ getElementById: (id) => made[id] || null, body: { dataset: {} } });
  globalThis.window = /** @type {any} */ (globalThis);
}
