/* The planner's page: a footprint that lies along the kerb, and what the rules say of it while it moves.
 *
 * The server draws and judges; this page asks at most one question at a time, always the newest, and shows the answer.
 * Everything is built from text nodes: no name can carry markup.
 */

import { byId, element, pushButton, whenMapped } from "./dom.js";
import { filled } from "./format.js";
import { overlaysOf } from "./map/view.js";
import { ask, post, questions, timings } from "./plan/asking.js";
import { draft, fill, fillUsual, isTyping, remember, undo } from "./plan/draft.js";
import { draw, drawDoubt, inert, makePanes } from "./plan/drawing.js";
import { refreshKerbs, toggleKerbs } from "./plan/kerbs.js";
import { follow, isPutting, makeMovable, put, setAim, setPutting, watchPutting } from "./plan/moving.js";
import { box, button, chart, field, form, here, inMetres, note, plan, start, words } from "./plan/page.js";
import { save } from "./plan/saving.js";
import { askTyped, suggestRoads, watchTyping } from "./plan/typing.js";
import { tell } from "./plan/verdicts.js";

questions.onAnswer = show;
questions.onTrouble = fail;
window.gridmgrPlan = { timings, get at() { return plan.at; }, get answer() { return plan.shown; }, idle: () => questions.isIdle };
whenMapped(begin);
watchTyping();

/* ── answers ───────────────────────────────────────────────────────────────────────────────────────────── */

/** @param {Answer} answer */
function show(answer) {
  const { at } = answer;
  plan.shown = answer;
  plan.at = at;
  draw(answer, makeMovable);
  tell(answer);
  if (document.activeElement !== field("road")) { field("road").value = at.name; }
  field("side").value = at.side;
  if (document.activeElement !== field("metre")) { field("metre").value = String(Math.round(at.metre * 10) / 10); }
  if (!plan.nameTouched) { field("name").value = ""; field("name").placeholder = answer.called; }
  byId("plan-size").textContent =
    `${answer.length} × ${answer.depth} m · ${inMetres(answer.from_m)}–${inMetres(answer.to_m)} · ${answer.pitches.length} ${words.pitch}`;
  button("save").disabled = false;
  button("nearest").disabled = answer.state !== "bad";
  offer(plan.tapped ? answer.others : []);
  plan.tapped = false;
}

/** @param {string} trouble */
function fail(trouble) {
  const says = byId("plan-verdict");
  says.dataset.state = "error";
  says.textContent = `✗ ${trouble}`;
  button("save").disabled = true;
  if (plan.shown) { drawDoubt(plan.shown.state); }
}

/**
 * At crossings and where roads lie one above the other a tap may mean another road: the planner says which.
 * @param {Standing[]} others
 */
function offer(others) {
  const place = byId("plan-others");
  place.hidden = !others.length;
  place.replaceChildren(element("span", "muted", words.others), ...others.map((each) => (
    pushButton("button quiet", `${each.name} ${each.side_name} ${inMetres(each.metre)}`, () => {
      remember();
      ask({ road: each.road, side: each.side, metre: each.metre });
    })
  )));
}

/* ── the form ──────────────────────────────────────────────────────────────────────────────────────────── */

form.addEventListener("input", (event) => {
  const { name, value } = /** @type {HTMLInputElement} */ (event.target);
  if (name === "name") { plan.nameTouched = Boolean(value.trim()); return; }
  if (name === "road") { suggestRoads(); return; }
  if (["metre", "side", "kind"].includes(name)) { return; } // these wait for their change event
  if (plan.at && value !== "") { ask(here()); refreshKerbs(); }
});
form.addEventListener("focusin", () => remember());
form.addEventListener("change", (event) => {
  const { name, value } = /** @type {HTMLInputElement} */ (event.target);
  if (name === "kind") {
    fillUsual(value);
    showMeasured(value);
    ask(here());
    refreshKerbs();
  }
  if (["road", "metre", "side"].includes(name)) { askTyped(name); }
});
form.addEventListener("submit", (event) => { event.preventDefault(); save(fail); });

/**
 * The map shows what the rules for this kind measure to; what they don't share with the other kinds comes and goes.
 * @param {string} kind
 */
function showMeasured(kind) {
  const all = Object.values(start.measured), wanted = start.measured[kind] || [];
  for (const overlay of overlaysOf(chart.map)) {
    const { name } = overlay.spec;
    if (!all.some((each) => each.includes(name)) || all.every((each) => each.includes(name))) { continue; }
    if (wanted.includes(name)) { overlay.addTo(chart.map); } else { overlay.remove(); }
  }
}

/* ── buttons ───────────────────────────────────────────────────────────────────────────────────────────── */

/** @type {Record<string, () => void>} */
const DO = {
  put: () => setPutting(!isPutting()),
  aim: () => setAim(byId("plan-cross").hidden),
  here: () => { put(chart.map.getCenter()); setAim(false); },
  kerbs: toggleKerbs,
  nearest: goNearest,
  undo: () => undo(ask),
  sheet: () => {
    const up = byId("plan-panel").classList.toggle("up");
    button("sheet").setAttribute("aria-expanded", String(up));
  },
};
box.addEventListener("click", (event) => {
  const pressed = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-do]"));
  const work = pressed && DO[pressed.dataset.do || ""];
  if (work && chart.map) { work(); }
});
document.addEventListener("keydown", (event) => {
  const undoing = (event.ctrlKey || event.metaKey) && event.key.toLowerCase() === "z" && !event.shiftKey;
  if (undoing && !isTyping()) { event.preventDefault(); undo(ask); }
  if (event.key === "Escape") { setPutting(false); setAim(false); }
});

async function goNearest() {
  const place = here();
  if (!place) { return; }
  note(words.asking);
  button("nearest").disabled = true;
  try {
    const best = nearer(await post(start.urls.nearest, draft(place)));
    if (!best) { note(words.nearest_none); return; }
    remember();
    ask(best.at);
    follow();
    const { name, side_name: side, metre } = best.at;
    note(filled(words.moved, { m: inMetres(best.moved_m), road: name, side, metre: inMetres(metre) }));
  } catch (error) {
    note(error.message);
  } finally {
    button("nearest").disabled = !plan.shown || plan.shown.state !== "bad";
  }
}

/**
 * Along the same kerb, unless another kerb is nearer.
 * @typedef {{ at: Standing, moved_m: number }} Move
 * @param {{ same_kerb: Move | null, any_kerb: Move | null }} found
 */
function nearer({ same_kerb: same, any_kerb: any }) {
  return same && any ? (same.moved_m <= any.moved_m ? same : any) : same || any;
}

/* ── begin ─────────────────────────────────────────────────────────────────────────────────────────────── */

/** @param {GridMap} map */
function begin(map) {
  chart.map = map;
  makePanes();
  watchPutting();
  map.on("moveend", refreshKerbs);
  fillUsual("stall");
  if (start.draft) {
    fill(start.draft);
    plan.nameTouched = Boolean(start.site);
    if (start.site) { inert(start.draft.was.coordinates[0], "plan-was").addTo(map); } else { field("name").value = ""; }
    ask(start.draft.at);
  } else if (start.at) {
    if (start.pitches) { field("pitches").value = String(start.pitches); }
    ask(start.at);
  } else if (window.matchMedia("(max-width: 1020px)").matches) {
    setAim(true);
  } else {
    setPutting(true);
  }
  box.dataset.ready = "1";
}
