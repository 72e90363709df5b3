/* The footprint is moved: dragged, by arrow keys, put where somebody taps. */

import { byId } from "../dom.js";
import { ask, questions } from "./asking.js";
import { remember } from "./draft.js";
import { drawGhost, removeGhost } from "./drawing.js";
import { CLOSE_ZOOM, box, button, chart, here, latlngs, plan } from "./page.js";

const STEP_M = 1, LONG_STEP_M = 10;
const GRIP_PX = 3; // a hand trembles
const LOOK_AGAIN_MS = 15;

/** @param {L.Polygon} shape */
export function makeMovable(shape) {
  const target = /** @type {HTMLElement} */ (shape.getElement());
  target.setAttribute("tabindex", "0");
  target.setAttribute("role", "application");
  target.addEventListener("keydown", moveByKey);
  target.addEventListener("pointerdown", (event) => {
    if (event.button > 0) { return; }
    event.preventDefault();
    event.stopPropagation();
    target.focus({ preventScroll: true });
    setPutting(false);
    drag(shape, target, event);
  });
}

/**
 * @param {L.Polygon} shape
 * @param {HTMLElement} target
 * @param {PointerEvent} begun
 */
function drag(shape, target, begun) {
  const { map } = chart;
  const middle = shape.getBounds().getCenter(), from = map.mouseEventToContainerPoint(begun);
  const hold = map.latLngToContainerPoint(middle).subtract(from), outline = /** @type {L.LatLng[][]} */ (shape.getLatLngs())[0];
  const over = new AbortController();
  let moving = false;
  map.dragging.disable();
  target.setPointerCapture(begun.pointerId);
  target.addEventListener("pointermove", (moved) => {
    const spot = map.mouseEventToContainerPoint(moved);
    if (!moving && spot.distanceTo(from) < GRIP_PX) { return; }
    if (!moving) { remember(); moving = true; }
    const where = map.containerPointToLatLng(spot.add(hold));
    drawGhost(outline, middle, where);
    ask({ lon: where.lng, lat: where.lat }, [moved.timeStamp]);
  }, { signal: over.signal });
  const stop = () => {
    over.abort();
    map.dragging.enable();
    if (moving) { swallowClick(map.getContainer()); }
    removeGhost();
  };
  for (const name of /** @type {const} */ (["pointerup", "pointercancel"])) { target.addEventListener(name, stop, { signal: over.signal }); }
}

/**
 * The click that follows the end of a drag means no bay or shop under the pointer.
 * @param {HTMLElement} container
 */
function swallowClick(container) {
  const swallow = (/** @type {Event} */ event) => { event.stopPropagation(); event.preventDefault(); };
  container.addEventListener("click", swallow, { capture: true, once: true });
  window.setTimeout(() => container.removeEventListener("click", swallow, { capture: true }), 0);
}

/* Steps made while an answer is awaited add up; they are counted from where that answer puts the footprint. */
const steps = { metres: 0, moves: /** @type {number[]} */ ([]), timer: 0 };

/**
 * Arrow keys move along the kerb: towards the side of the screen that the arrow points to.
 * @param {KeyboardEvent} event
 */
function moveByKey(event) {
  const way = { ArrowRight: [1, 0], ArrowLeft: [-1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  if (!way || !plan.at || !plan.shown) { return; }
  event.preventDefault();
  event.stopPropagation();
  const [a, b] = latlngs(plan.shown.footprint.coordinates[0]).slice(0, 2).map((spot) => chart.map.latLngToContainerPoint(spot));
  const along = b.subtract(a), towards = along.x * way[0] + along.y * way[1];
  if (!event.repeat) { remember(); }
  steps.metres += (event.shiftKey ? LONG_STEP_M : STEP_M) * (towards < 0 ? -1 : 1);
  steps.moves.push(event.timeStamp);
  if (questions.asking) { waitForAnswer(); } else { takeSteps(); }
}

function takeSteps() {
  const { metres, moves } = steps, place = here();
  if (!metres || !place) { return; }
  steps.metres = 0;
  steps.moves = [];
  ask({ ...place, step: metres }, moves);
}

function waitForAnswer() {
  window.clearTimeout(steps.timer);
  steps.timer = window.setTimeout(() => (questions.asking ? waitForAnswer() : takeSteps()), LOOK_AGAIN_MS);
}

/**
 * The footprint comes to the kerb nearest to a tap.
 * @param {L.LatLng} latlng
 */
export function put(latlng) {
  remember();
  plan.tapped = true;
  ask({ lon: latlng.lng, lat: latlng.lat });
  if (chart.map.getZoom() < CLOSE_ZOOM) { chart.map.setView(latlng, 18); }
}

/** A click on the map puts the footprint there, while that is asked for. */
export function watchPutting() {
  chart.map.getContainer().addEventListener("click", (event) => {
    if (!isPutting() || /** @type {Element} */ (event.target).closest(".leaflet-control")) { return; }
    event.stopPropagation();
    event.preventDefault();
    setPutting(false);
    put(chart.map.mouseEventToLatLng(event));
  }, true);
}

export function isPutting() { return box.classList.contains("plan-putting"); }

/** @param {boolean} on */
export function setPutting(on) {
  box.classList.toggle("plan-putting", on);
  button("put").setAttribute("aria-pressed", String(on));
}

/** @param {boolean} on */
export function setAim(on) {
  byId("plan-cross").hidden = !on;
  button("here").hidden = !on;
  button("aim").setAttribute("aria-pressed", String(on));
  if (on) { setPutting(false); }
}

/** The map goes where the plan is once the answer is there. */
export function follow() {
  if (!questions.isIdle) { window.setTimeout(follow, 2 * LOOK_AGAIN_MS); return; }
  const { map } = chart, { at, shown } = plan, near = map.getZoom() >= CLOSE_ZOOM;
  if (at && shown && !(near && map.getBounds().contains([at.lat, at.lon]))) { map.setView([at.lat, at.lon], near ? map.getZoom() : 18); }
}
