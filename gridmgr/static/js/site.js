/* What every page does: closes menus on a click elsewhere or Escape, says dates in the page's language, sends filters as they
 * are chosen, suggests while one types in the search box, and keeps to the day that a page tells of. All works without it. */

import { all } from "./dom.js";
import { dayFormat } from "./format.js";
import { dated } from "./site/dated.js";
import { suggestFor } from "./site/suggest.js";

/* ── menus ─────────────────────────────────────────────────────────────────────────────────────────────── */

const openMenus = () => /** @type {HTMLDetailsElement[]} */ (all("details.menu[open]"));
document.addEventListener("click", (event) => {
  for (const menu of openMenus()) {
    if (!menu.contains(/** @type {Node} */ (event.target))) { menu.open = false; }
  }
});
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape") { return; }
  for (const menu of openMenus()) {
    menu.open = false;
    menu.querySelector("summary")?.focus();
  }
});

/* There is room for the filters on a wide screen; on a phone they wait behind their summary. */
if (window.matchMedia("(min-width: 701px)").matches) {
  for (const filters of /** @type {HTMLDetailsElement[]} */ (all("details[data-open-wide]"))) { filters.open = true; }
}

/* ── forms ─────────────────────────────────────────────────────────────────────────────────────────────── */

/* A date reads in the page's language and a time by 24 hours, whatever the browser's; while one is edited, its own field shows. */
const day = dayFormat(document.documentElement.lang);
const timed = /** @type {HTMLInputElement[]} */ (all('input[type="date"], input[type="time"]'));
const tell = (/** @type {HTMLInputElement} */ input) => {
  input.dataset.said = input.value && input.type === "date" ? day.format(new Date(input.value)) : input.value;
};
for (const input of timed) {
  for (const event of ["input", "change", "blur"]) { input.addEventListener(event, () => tell(input)); }
}
window.addEventListener("pageshow", () => timed.forEach(tell));

/* Filters apply as soon as one is chosen; the button stays for keyboards and for browsers without scripts. */
for (const form of /** @type {HTMLFormElement[]} */ (all("form[data-submits]"))) {
  form.addEventListener("change", (event) => {
    if (/** @type {Element} */ (event.target).matches("select")) { form.requestSubmit(); }
  });
  /* An address with only what was asked for is one that people can read and send. */
  form.addEventListener("submit", () => {
    for (const field of /** @type {HTMLInputElement[]} */ (all("input, select", form))) { field.disabled = field.value === ""; }
  });
}
window.addEventListener("pageshow", () => {
  for (const field of /** @type {HTMLInputElement[]} */ (all("form[data-submits] :disabled"))) { field.disabled = false; }
});

/* What a lapsed session left unsent stands in the page's own form again, to be looked at or changed. */
for (const unsent of /** @type {HTMLFormElement[]} */ (all("form[data-unsent]"))) {
  const forms = /** @type {HTMLFormElement[]} */ (all("main form"));
  const own = forms.find((form) => form !== unsent && form.method === "post" && form.action === unsent.action);
  if (own) { fillAgain(own, /** @type {HTMLInputElement[]} */ ([...unsent.elements])); }
}

/**
 * @param {HTMLFormElement} form
 * @param {HTMLInputElement[]} unsent
 */
function fillAgain(form, unsent) {
  for (const { name, value } of unsent) {
    if (!name || name === "csrfmiddlewaretoken") { continue; }
    for (const field of /** @type {HTMLInputElement[]} */ (all(`[name="${CSS.escape(name)}"]`, form))) {
      if (field.type === "radio" || field.type === "checkbox") {
        field.checked = field.checked || field.value === value;
      } else if (field.type !== "file" && field.type !== "submit") {
        field.value = value;
      }
    }
  }
}

for (const input of /** @type {HTMLInputElement[]} */ (all("input[data-suggest]"))) { suggestFor(input); }

/* ── the day ───────────────────────────────────────────────────────────────────────────────────────────── */

/* On a page as of another day, links to places lead to the same day; the note's own leads back to today. */
const told = /** @type {HTMLTimeElement | null} */ (document.querySelector(".told-note time"));
if (told) {
  const keepDay = (/** @type {Event} */ event) => {
    const link = /** @type {HTMLAnchorElement | null} */ (/** @type {Element} */ (event.target).closest("a[href]"));
    if (link && !link.closest(".told-note, .top")) { link.href = dated(link.href, told.dateTime, location.origin); }
  };
  for (const kind of ["click", "auxclick", "focusin"]) { document.addEventListener(kind, keepDay, true); }
}
