/* Share a page by the phone's own sheet (Web Share); where there is none, copy its address. */

import { all, element } from "./dom.js";

const DONE_MS = 3000;

for (const button of all("[data-share]")) {
  const url = button.dataset.url || location.href, words = button.textContent;
  button.hidden = false;
  button.addEventListener("click", async () => {
    const { name, text, done } = button.dataset;
    if (navigator.share) {
      try { await navigator.share({ title: name, text, url }); return; } catch (error) {
        if (error.name === "AbortError") { return; } // the person thought better of it
      }
    }
    if (await copied(`${text}\n${url}`)) {
      button.textContent = done || "";
      window.setTimeout(() => { button.textContent = words; }, DONE_MS);
    }
  });
}

/**
 * Without https there is no clipboard to write to: then by a selection.
 * @param {string} text
 */
async function copied(text) {
  try { await navigator.clipboard.writeText(text); return true; } catch (_error) { return bySelection(text); }
}

/** @param {string} text */
function bySelection(text) {
  const field = element("textarea", "visually-hidden");
  field.value = text;
  field.setAttribute("aria-hidden", "true");
  document.body.append(field);
  field.select();
  const worked = document.execCommand("copy");
  field.remove();
  if (!worked) { window.prompt("", text); }
  return worked;
}
