/* Kerbs by colour: where what the form says may stand, and the metres that each rule takes. */

import { ask as askServer } from "../ask.js";
import { byId, element, pushButton } from "../dom.js";
import { filled } from "../format.js";
import { lines } from "../lines.js";
import { button, chart, field, inMetres, note, plan, start, words } from "./page.js";

const WAIT_MS = 300;

const state = {
  on: false,
  timer: 0,
  /** @type {L.Layer | null} */
  drawn: null,
  view: new AbortController(),
  city: new AbortController(),
};

export function toggleKerbs() {
  state.on = !state.on;
  button("kerbs").setAttribute("aria-pressed", String(state.on));
  if (!state.on) {
    state.view.abort();
    state.drawn?.remove();
    state.drawn = null;
    byId("plan-lost").hidden = true;
  }
  refreshKerbs();
}

export function refreshKerbs() {
  if (!state.on) { return; }
  window.clearTimeout(state.timer);
  state.timer = window.setTimeout(loadKerbs, WAIT_MS);
}

/* What is to stand there; the same size, kind and hours give the same kerbs. */
function wanted() {
  const value = (/** @type {string} */ name) => field(name).value;
  const size = plan.shown || sizeOf((name) => Number(value(name)));
  const query = {
    kind: value("kind"), opens: value("opens"), closes: value("closes"), offset: value("offset"),
    length: String(size.length), depth: String(size.depth),
    season_from: value("season_from"), season_to: value("season_to"),
  };
  return start.site ? { ...query, site: start.site } : query;
}

/**
 * Metres of kerb and of depth that rows of pitches take before any has been drawn.
 * @param {(name: string) => number} value
 */
export function sizeOf(value) {
  const inRow = Math.ceil(value("pitches") / value("rows"));
  return { length: inRow * (value("width") + value("gap")) + value("gap"), depth: value("depth") + value("aisle") };
}

/**
 * One FeatureCollection a line, as the server works them out; gives the last, with the sums.
 * @param {Record<string, string>} query
 * @param {AbortSignal} signal
 * @param {(part: KerbsPart) => void} work
 */
async function eachPart(query, signal, work) {
  const response = await askServer(`${start.urls.kerbs}?${new URLSearchParams(query)}`, { signal });
  if (!response.ok || !response.body) { throw new Error((await response.json().catch(() => ({}))).error || words.offline); }
  /** @type {KerbsPart | null} */
  let last = null;
  for await (const part of lines(response.body)) { last = part; work(part); }
  if (!last || !last.metres) { throw new Error(words.offline); }
  return last;
}

async function loadKerbs() {
  state.view.abort();
  const mine = state.view = new AbortController(), { map } = chart, bounds = map.getBounds(), look = kerbLook();
  const options = {
    pane: "plan-kerbs", interactive: false, renderer: pen(),
    style: (/** @type {any} */ feature) => ({ ...look[feature.properties.state], lineCap: /** @type {const} */ ("butt") }),
  };
  const layer = L.geoJSON(null, options), asked = wanted();
  const bbox = [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((x) => x.toFixed(6)).join(",");
  showShare(0);
  try {
    const sums = await eachPart({ ...asked, bbox, zoom: String(map.getZoom()) }, mine.signal, (part) => {
      if (mine.signal.aborted) { return; }
      if (!map.hasLayer(layer)) {
        state.drawn?.remove();
        state.drawn = layer.addTo(map);
      }
      layer.addData(part);
      showShare(part.share);
    });
    if (mine.signal.aborted) { return; }
    note(sumsInWords(sums.metres));
    showLost(sums, asked);
  } catch (error) {
    if (error.name !== "AbortError") { note(error.message || words.offline); }
  }
}

/** @param {KerbsPart["metres"]} sums */
function sumsInWords(sums) {
  if (sums.unruled) { return `? ${words.unruled}: ${inMetres(sums.unruled)}`; }
  const told = { free: `▬ ${inMetres(sums.free)}`, warned: `╍ ${inMetres(sums.warned)}`, barred: `┅ ${inMetres(sums.barred)}` };
  return filled(words.kerbs, told);
}

/** @param {number} share */
function showShare(share) { note(filled(words.kerbs_share, { share: `${Math.round(share * 100)} %` })); }

/** @type {{ made: L.Renderer | null }} */
const canvas = { made: null };
function pen() { return canvas.made || (canvas.made = L.canvas({ pane: "plan-kerbs" })); }

/** @returns {Record<string, L.PathOptions>} */
function kerbLook() {
  const tone = getComputedStyle(document.documentElement), thin = chart.map.getZoom() < 14 ? 0.6 : 1;
  const colour = (/** @type {string} */ name) => tone.getPropertyValue(name).trim();
  return {
    free: { color: colour("--map-good"), weight: 5 },
    warned: { color: colour("--map-warn"), weight: 4 * thin, dashArray: "10 5" },
    barred: { color: colour("--map-bad"), weight: 3 * thin, dashArray: "2 6" },
    unruled: { color: "#767c83", weight: 3 * thin, dashArray: "1 7" },
  };
}

/**
 * Metres that each rule takes, in the view; of the whole city when somebody asks.
 * @param {KerbsPart} view
 * @param {Record<string, string>} asked
 */
function showLost(view, asked) {
  state.city.abort();
  const place = byId("plan-lost"), more = pushButton("button quiet", words.sum_city, async () => {
    state.city = new AbortController();
    more.disabled = true;
    try {
      const city = await eachPart(asked, state.city.signal, (part) => {
        more.textContent = `${words.in_city} ${Math.round(part.share * 100)} %`;
      });
      place.replaceChildren(lostTable(view, city));
    } catch (error) {
      if (error.name !== "AbortError") { more.textContent = words.sum_city; more.disabled = false; note(error.message); }
    }
  });
  place.replaceChildren(lostTable(view, null), more);
  place.hidden = false;
}

/**
 * @param {KerbsPart} view
 * @param {KerbsPart | null} city
 */
function lostTable(view, city) {
  const table = element("table"), body = element("tbody"), head = element("tr");
  head.append(element("th", "", words.lost), element("th", "", words.in_view));
  if (city) { head.append(element("th", "", words.in_city)); }
  body.append(head);
  const there = new Map(view.lost_m.map((each) => [each.code, each.metres]));
  for (const each of (city || view).lost_m) {
    const row = element("tr");
    row.append(element("td", "", each.what), element("td", "", inMetres(there.get(each.code) || 0)));
    if (city) { row.append(element("td", "", inMetres(each.metres))); }
    body.append(row);
  }
  table.append(body);
  return table;
}
