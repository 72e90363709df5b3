/* The footprint on the map, its pitches, and what breaks a rule with the metres to it. */

import { SIGNS, isBroken, short } from "./verdicts.js";
import { chart, inMetres, latlngs, words } from "./page.js";

const LABEL_STEPS = [-2, 2, -4, 4, -6, 6, -8, 8, -10, 10, -12, 12]; // half heights from the middle of a culprit's line

/** @type {{ shape: L.Polygon | null, marks: L.LayerGroup | null, ghost: L.Polygon | null }} */
const drawn = { shape: null, marks: null, ghost: null };

/** The panes of the plan, lowest first. */
export function makePanes() {
  const { map } = chart;
  for (const [name, order] of Object.entries({ "plan-kerbs": 420, "plan-under": 610, plan: 620, "plan-over": 630 })) {
    const pane = map.createPane(name);
    pane.style.zIndex = String(order);
    if (name !== "plan") { pane.style.pointerEvents = "none"; }
  }
  map.on("zoomend", spreadLabels);
}

/**
 * @param {Answer} answer
 * @param {(shape: L.Polygon) => void} makeMovable for a footprint that is drawn for the first time
 */
export function draw(answer, makeMovable) {
  const path = latlngs(answer.footprint.coordinates[0]), { at } = answer;
  if (!drawn.shape) {
    drawn.shape = L.polygon(path, { className: "plan-shape", pane: "plan", bubblingMouseEvents: false }).addTo(chart.map);
    makeMovable(drawn.shape);
  }
  drawn.shape.setLatLngs(path);
  const target = drawn.shape.getElement();
  target?.setAttribute("class", `leaflet-interactive plan-shape state-${answer.state}`);
  target?.setAttribute("aria-label", `${at.name} ${at.side_name} ${inMetres(at.metre)}. ${words.drag}`);
  drawn.marks?.remove();
  drawn.marks = L.layerGroup([
    ...answer.pitches.map((each) => inert(each.geometry.coordinates[0], "plan-pitch")),
    ...answer.verdicts.flatMap(culprit),
  ]).addTo(chart.map);
  spreadLabels();
}

/**
 * An outline that nobody can grab.
 * @param {[number, number][]} ring
 * @param {string} className
 */
export function inert(ring, className) {
  return L.polygon(latlngs(ring), { className, pane: "plan-over", interactive: false });
}

/**
 * No verdict came: what is drawn is no longer known to be good.
 * @param {string} state as it was
 */
export function drawDoubt(state) { drawn.shape?.getElement()?.classList.replace(`state-${state}`, "state-bad"); }

/* Moves the metres of each culprit above or below its line until none hides another or the footprint. */
function spreadLabels() {
  const { map } = chart;
  if (!drawn.marks || !drawn.shape) { return; }
  const outline = /** @type {L.LatLng[][]} */ (drawn.shape.getLatLngs())[0].map((spot) => map.latLngToLayerPoint(spot));
  const taken = [L.bounds(outline)];
  drawn.marks.eachLayer((layer) => {
    const label = layer.getTooltip && layer.getTooltip(), box = label && label.getElement();
    const latlng = label && label.getLatLng();
    if (!box || !label || !latlng) { return; }
    const size = L.point(box.offsetWidth, box.offsetHeight), middle = map.latLngToLayerPoint(latlng);
    const there = LABEL_STEPS.map((step) => middle.add([0, step * (size.y / 2 + 2)]))
      .map((spot) => L.bounds(spot.subtract(size.divideBy(2)), spot.add(size.divideBy(2))));
    const free = there.find((each) => !taken.some((other) => other.overlaps(each))) || there[0];
    taken.push(free);
    label.options.offset = free.getCenter().subtract(middle);
    label.update();
  });
}

/**
 * What breaks a rule, the line to it, and the metres on that line.
 * @param {Verdict} verdict
 */
function culprit(verdict) {
  const found = verdict.culprit, state = `state-${verdict.state}`;
  if (!found || !isBroken(verdict)) { return []; }
  /** @type {L.Layer[]} */
  const marks = [];
  const look = { pane: "plan-under", interactive: false };
  if (found.geometry) {
    const style = (/** @type {any} */ feature) => (
      { ...look, className: `plan-culprit ${state}` + (feature.geometry.type.includes("Line") ? " plan-line" : "") }
    );
    const pointToLayer = (/** @type {any} */ _feature, /** @type {L.LatLng} */ spot) => (
      L.circleMarker(spot, { ...look, radius: 9, className: `plan-culprit ${state}` })
    );
    marks.push(L.geoJSON(found.geometry, { ...look, style, pointToLayer }));
  }
  if (found.gap) {
    const line = L.polyline(latlngs(found.gap.coordinates), { ...look, className: `plan-gap ${state}` });
    line.bindTooltip(`${SIGNS[verdict.state]} ${verdict.what} ${short(Number(verdict.found))} m`, {
      permanent: true, direction: "center", className: `plan-metres ${state}`, interactive: false,
    });
    marks.push(line);
  }
  return marks;
}

/**
 * Where the hand is; the footprint itself follows along the kerb.
 * @param {L.LatLng[]} outline
 * @param {L.LatLng} middle
 * @param {L.LatLng} where
 */
export function drawGhost(outline, middle, where) {
  const path = outline.map((spot) => L.latLng(spot.lat + where.lat - middle.lat, spot.lng + where.lng - middle.lng));
  if (!drawn.ghost) { drawn.ghost = L.polygon(path, { className: "plan-ghost", pane: "plan-over", interactive: false }).addTo(chart.map); }
  drawn.ghost.setLatLngs(path);
}

export function removeGhost() {
  drawn.ghost?.remove();
  drawn.ghost = null;
}
