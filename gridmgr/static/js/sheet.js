/* The sheet over the map on a phone: the page itself scrolls it; the handle does it by tap or key. */

import { byId } from "./dom.js";

const RAISED_PX = 80;

export function watchSheet() {
  const handle = /** @type {HTMLElement | null} */ (document.querySelector(".sheet-handle"));
  if (!handle || !document.getElementById("sheet")) { return; }
  handle.hidden = false;
  handle.addEventListener("click", () => {
    const behavior = window.matchMedia("(prefers-reduced-motion: reduce)").matches ? "auto" : "smooth";
    window.scrollTo({ top: isRaised() ? 0 : topOfSheet(), behavior });
  });
  const tell = () => {
    const { less = "", more = "" } = handle.dataset, up = isRaised();
    handle.setAttribute("aria-expanded", String(up));
    if (handle.firstElementChild) { handle.firstElementChild.textContent = up ? less : more; }
  };
  window.addEventListener("scroll", tell, { passive: true });
  tell();
}

function isRaised() { return window.scrollY > RAISED_PX; }

function topOfSheet() {
  const top = /** @type {HTMLElement | null} */ (document.querySelector(".top"));
  return byId("sheet").getBoundingClientRect().top + window.scrollY - (top ? top.offsetHeight : 0);
}
