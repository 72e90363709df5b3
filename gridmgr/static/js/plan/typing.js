/* Road, side and metre as they are typed, with the roads that the letters may mean. */

import { ask as askServer } from "../ask.js";
import { byId, element } from "../dom.js";
import { ask } from "./asking.js";
import { remember } from "./draft.js";
import { follow, put, setPutting } from "./moving.js";
import { field, plan, start } from "./page.js";

const WAIT_MS = 180;
const timer = { id: 0 };

export function watchTyping() {
  const road = field("road"), metre = field("metre");
  road.addEventListener("keydown", (event) => {
    const choices = byId("plan-roads");
    if (event.key === "Escape") { closeRoads(); }
    if (event.key === "ArrowDown" && !choices.hidden) { event.preventDefault(); choices.querySelector("button")?.focus(); }
    if (event.key === "Enter") { event.preventDefault(); closeRoads(); askTyped("road"); }
  });
  metre.addEventListener("keydown", (event) => {
    if (event.key === "Enter") { event.preventDefault(); askTyped("metre"); }
  });
  document.addEventListener("click", (event) => {
    if (!/** @type {Element} */ (event.target).closest(".plan-road")) { closeRoads(); }
  });
}

/**
 * On another road the metre begins anew.
 * @param {string} changed the field
 */
export function askTyped(changed) {
  const road = field("road").value.trim(), typed = field("metre").value, same = plan.at !== null && plan.at.name === road;
  if (!road || (typed === "" && !same)) { return; }
  remember();
  setPutting(false);
  const there = same && plan.at ? plan.at : { road, metre: Number(typed) };
  ask({ road: there.road, side: field("side").value, metre: same && changed !== "metre" ? there.metre : Number(typed) });
  follow();
}

export function suggestRoads() {
  window.clearTimeout(timer.id);
  timer.id = window.setTimeout(showRoads, WAIT_MS);
}

async function showRoads() {
  const input = field("road"), q = input.value.trim(), choices = byId("plan-roads");
  if (!q) { choices.hidden = true; return; }
  const response = await askServer(`${start.urls.suggest}?${new URLSearchParams({ q })}`).catch(() => null);
  if (!response || !response.ok || input.value.trim() !== q || document.activeElement !== input) { return; }
  /** @type {Found[]} */
  const found = await response.json();
  const roads = found.filter((each) => each.kind === start.suggested);
  choices.replaceChildren(...roads.map(roadChoice));
  choices.hidden = !roads.length;
  input.setAttribute("aria-expanded", String(!choices.hidden));
}

/** @param {Found} road */
function roadChoice(road) {
  const item = element("li"), choice = element("button");
  item.setAttribute("role", "option");
  choice.type = "button";
  choice.append(element("span", "", road.title), element("small", "muted", road.subtitle || ""));
  choice.addEventListener("click", () => {
    field("road").value = road.title;
    closeRoads();
    if (road.lon !== undefined && road.lon !== null && field("metre").value === "") {
      put(L.latLng(Number(road.lat), road.lon));
    } else { field("metre").focus(); askTyped("road"); }
  });
  item.append(choice);
  return item;
}

function closeRoads() {
  byId("plan-roads").hidden = true;
  field("road").setAttribute("aria-expanded", "false");
}
