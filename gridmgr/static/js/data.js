/* Data files: a sign of life while a file is checked or written, the candidates' points and the preview's changes on the map. */

import { ask } from "./ask.js";
import { all, dataOf, element, one, whenMapped } from "./dom.js";

const COLOURS = ["#0b4f96", "#b03a00", "#6a1b7a", "#0f6b3a", "#1d2126"];
const CLOSE = 16; // from this zoom on a bay is a shape, before it a speck
/** @type {Record<string, L.PathOptions>} */
const STYLES = {
  created: { color: "#0f6b3a", weight: 3, fillOpacity: 0.35 },
  updated: { color: "#0b4f96", weight: 3, fillOpacity: 0.35 },
  before: { color: "#8a5a00", weight: 2, dashArray: "4 4", fillOpacity: 0 },
};

/** @typedef {{ letter: string, title: string, places: L.LatLngTuple[] }} Candidate */

/* ── forms ─────────────────────────────────────────────────────────────────────────────────────────────── */

for (const form of all("form[data-sending]")) {
  form.addEventListener("submit", () => {
    const button = /** @type {HTMLButtonElement} */ (one("button.button", form));
    const busy = element("span", "data-busy", form.dataset.sending);
    busy.setAttribute("role", "status");
    button.after(busy);
    window.setTimeout(() => { button.disabled = true; }, 0);
  });
}
window.addEventListener("pageshow", (event) => {
  if (!event.persisted) { return; }
  for (const busy of all(".data-busy")) { busy.remove(); }
  for (const button of /** @type {HTMLButtonElement[]} */ (all("form[data-sending] button"))) { button.disabled = false; }
});

/* The conditions of an export depend on its layer. */
const layer = /** @type {HTMLSelectElement | null} */ (document.querySelector(".data-export select[name=layer]"));
layer?.addEventListener("change", () => layer.form?.submit());

const other = /** @type {HTMLElement | null} */ (document.querySelector(".data-other"));
other?.addEventListener("focus", () => {
  const row = /** @type {HTMLElement} */ (other.closest("li"));
  /** @type {HTMLInputElement} */ (one("input[type=radio]", row)).checked = true;
});

/* ── maps ──────────────────────────────────────────────────────────────────────────────────────────────── */

whenMapped((map) => {
  if (document.getElementById("data-candidates")) { drawCandidates(map, dataOf("data-candidates")); }
  const frame = /** @type {HTMLElement | null} */ (map.getContainer().closest("[data-changes]"));
  if (frame) { drawChanges(map, frame.dataset.changes || ""); }
});

/**
 * Each candidate's points in a colour of their own, with its letter at the one in the middle.
 * @param {GridMap} map
 * @param {Candidate[]} candidates
 */
function drawCandidates(map, candidates) {
  const pen = L.canvas({ pane: "markerPane" });
  const drawn = new Map(candidates.map((each, index) => [each.letter, candidateGroup(each, index, pen).addTo(map)]));
  const boxes = /** @type {HTMLInputElement[]} */ (all("[data-shows]"));
  for (const box of boxes) {
    const show = () => { drawn.get(box.dataset.shows || "")?.[box.checked ? "addTo" : "removeFrom"](map); };
    box.addEventListener("change", show);
    show();
  }
  for (const radio of all(".data-candidates input[type=radio]")) {
    radio.addEventListener("change", () => {
      const box = boxes.find((each) => radio.closest("li")?.contains(each));
      const chosen = candidates.find((each) => each.letter === box?.dataset.shows);
      if (!box || !chosen) { return; }
      if (!box.checked) { box.click(); }
      map.fitBounds(L.latLngBounds(chosen.places), { padding: [24, 24], maxZoom: 18 });
    });
  }
}

/**
 * @param {Candidate} candidate
 * @param {number} index
 * @param {L.Renderer} pen
 */
function candidateGroup({ letter, title, places }, index, pen) {
  const look = { renderer: pen, radius: 4, stroke: false, fillColor: COLOURS[index % COLOURS.length], fillOpacity: 0.9 };
  const group = L.layerGroup(places.map((place) => L.circleMarker(place, look).bindTooltip(() => element("span", "", `${letter} ${title}`))));
  const sign = element("span", `data-letter data-letter-${index}`, letter);
  const icon = L.divIcon({ className: "data-mark", html: sign, iconSize: [26, 26] });
  return group.addLayer(L.marker(places[Math.floor(places.length / 2)], { icon, interactive: false }));
}

/**
 * @param {GridMap} map
 * @param {string} url
 */
async function drawChanges(map, url) {
  const response = await ask(url);
  if (!response.ok) { return; }
  const found = await response.json(), pen = L.canvas({ pane: "overlayPane" }), rings = L.layerGroup();
  const options = {
    renderer: pen, interactive: false,
    style: (/** @type {any} */ feature) => STYLES[feature.properties.outcome],
    onEachFeature: (/** @type {any} */ { properties: { outcome } }, /** @type {any} */ shape) => {
      if (outcome === "before" || !shape.getBounds) { return; }
      L.circleMarker(shape.getBounds().getCenter(), { ...STYLES[outcome], renderer: pen, interactive: false, radius: 7 }).addTo(rings);
    },
    pointToLayer: (/** @type {any} */ feature, /** @type {L.LatLng} */ place) => (
      L.circleMarker(place, { ...STYLES[feature.properties.outcome], radius: 7 })
    ),
  };
  L.geoJSON(found, options).addTo(map);
  const ring = () => { rings[map.getZoom() < CLOSE ? "addTo" : "removeFrom"](map); };
  map.on("zoomend", ring);
  ring();
  map.getContainer().dataset.drawn = String(found.features.length);
}
