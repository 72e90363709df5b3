/* The guide on the street: from here (GPS) or a pin to the nearest open sites, with the way drawn on the map.
 * The answer is a piece of HTML from the server; what the map draws comes beside it as JSON. Without this script
 * the page still works with a place in its address. */

import { ask, refusal } from "./ask.js";
import { all, byId, dataOf, element, one, whenMapped } from "./dom.js";
import { clock } from "./format.js";
import { watchHold } from "./hold.js";
import { locate } from "./position.js";
import { watchSheet } from "./sheet.js";

const AIM_ZOOM = 17; // about a metre a pixel
const COARSE_M = 100; // a fix no better than this can't tell one street from the next
const BLUE = "#0b4f96";

/**
 * @typedef {{ code: string, name: string, lat: number, lon: number }} SiteNear
 * @typedef {{ start: [number, number], sites: SiteNear[], route: any }} Drawn
 */

for (const button of all("[data-print]")) {
  button.hidden = false;
  button.addEventListener("click", () => window.print());
}
const form = /** @type {HTMLFormElement | null} */ (document.getElementById("guide-form"));
if (form) { guide(form); }

/** @param {HTMLFormElement} form */
function guide(form) {
  const box = byId("guide-where"), answer = byId("guide-answer"), says = byId("guide-says"), cross = one(".where-cross", box);
  const words = form.dataset;
  /** @type {GridMap} */
  let map;
  /** @type {L.LayerGroup | null} */
  let drawn = null;
  /** @type {L.LayerGroup | null} */
  let way = null;
  /** @type {L.Circle | null} */
  let around = null;
  /** @type {Date | null} */
  let answeredAt = null;
  let asked = 0;
  /** @type {Record<string, () => void>} */
  const actions = { locate: find, aim: () => aim(cross.hidden), here: takeCentre };

  whenMapped(start);
  form.addEventListener("change", (event) => {
    if (/** @type {HTMLInputElement} */ (event.target).name === "fruit" && form.lon.value) { askServer(); }
  });
  watchHold(form, say, askServer);
  answer.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-route]"));
    if (button) { showRoute(button.dataset.route || ""); }
  });
  watchSheet();

  /** @param {GridMap} made */
  function start(made) {
    map = made;
    box.hidden = false;
    box.addEventListener("click", (event) => {
      const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-do]"));
      if (button) { actions[button.dataset.do || ""](); }
    });
    if (document.getElementById("guide-drawn")) { draw(); return; }
    /* Who has allowed it before need not ask again. */
    if (navigator.permissions && window.isSecureContext) {
      navigator.permissions.query({ name: "geolocation" }).then((right) => {
        if (right.state === "granted" && !form.lon.value) { find(); }
      }, () => {});
    }
  }

  /* ── from where ────────────────────────────────────────────────────────────────────────────────────── */

  function find() {
    aim(false);
    locate(words, say, located);
  }

  /**
   * A coarse fix is shown as the circle that it is, and the place is chosen by pin: a way from a guess helps nobody.
   * @param {GeolocationCoordinates} coords
   */
  function located({ longitude, latitude, accuracy }) {
    around?.remove();
    const look = { color: BLUE, weight: 2, fillColor: BLUE, fillOpacity: 0.12, interactive: false };
    around = L.circle([latitude, longitude], { radius: accuracy, ...look }).addTo(map);
    if (accuracy <= COARSE_M) { from(longitude, latitude); return; }
    map.fitBounds(L.latLng(latitude, longitude).toBounds(accuracy * 2.2));
    aim(true);
    say((words.coarse || "").replace("{m}", String(Math.round(accuracy))), true);
  }

  /** @param {boolean} on */
  function aim(on) {
    cross.hidden = !on;
    one("[data-do=here]", box).hidden = !on;
    one("[data-do=aim]", box).setAttribute("aria-pressed", String(on));
    if (on) { say(words.aim || ""); window.scrollTo({ top: 0 }); map.getContainer().focus(); }
  }

  function takeCentre() {
    if (map.getZoom() < AIM_ZOOM) { // a pin set from far off may mean any of several roads
      map.setView(map.getCenter(), AIM_ZOOM);
      say(words.closer || "");
      return;
    }
    const { lat, lng } = map.getCenter();
    aim(false);
    around?.remove();
    from(lng, lat);
  }

  /**
   * @param {number} lon
   * @param {number} lat
   */
  function from(lon, lat) {
    form.lon.value = lon.toFixed(6);
    form.lat.value = lat.toFixed(6);
    askServer();
  }

  /* ── where to ──────────────────────────────────────────────────────────────────────────────────────── */

  function query() {
    const fruit = /** @type {HTMLInputElement | null} */ (form.querySelector("[name=fruit]:checked"));
    return new URLSearchParams({ lon: form.lon.value, lat: form.lat.value, fruit: fruit ? fruit.value : "0" });
  }

  async function askServer() {
    const turn = ++asked;
    say(words.asking || "");
    answer.setAttribute("aria-busy", "true");
    try {
      const response = await ask(`${words.near}?${query()}`, { headers: { Accept: "text/html" } });
      if (turn !== asked) { return; }
      if (!response.ok) { throw await refusal(response); }
      answer.innerHTML = await response.text();
      answeredAt = new Date();
      says.hidden = true;
      history.replaceState(null, "", `?${query()}`);
      draw();
    } catch (error) {
      if (turn === asked) { keepAnswer(error); }
    } finally {
      answer.removeAttribute("aria-busy");
    }
  }

  /**
   * What was found before stays, marked with its time: old news is better on the street than none.
   * @param {Error} error
   */
  function keepAnswer(error) {
    say(error.message, true);
    if (!document.getElementById("guide-drawn")) { return; }
    const old = answer.querySelector(".stale") || element("p", "stale muted");
    old.textContent = (words.old || "").replace("{time}", clock(answeredAt || new Date(performance.timeOrigin)));
    answer.prepend(old);
    [form.lon.value, form.lat.value] = dataOf("guide-drawn").start; // a hold is for the place of the list that is shown
  }

  /**
   * @param {string} text
   * @param {boolean} [isTrouble]
   */
  function say(text, isTrouble = false) {
    says.textContent = text;
    says.classList.toggle("bad", isTrouble);
    says.hidden = false;
  }

  /* ── on the map ────────────────────────────────────────────────────────────────────────────────────── */

  function draw() {
    /** @type {Drawn} */
    const facts = dataOf("guide-drawn");
    drawn?.remove();
    const [lon, lat] = facts.start, spot = { radius: 9, color: "#fff", weight: 3, fillColor: BLUE, fillOpacity: 1 };
    drawn = L.layerGroup([...facts.sites.map(number), L.circleMarker([lat, lon], spot)]).addTo(map);
    const seen = L.latLngBounds([[lat, lon]]);
    if (facts.sites.length) { seen.extend([facts.sites[0].lat, facts.sites[0].lon]); }
    drawWay(facts.route, seen);
  }

  /**
   * @param {SiteNear} site
   * @param {number} index
   */
  function number(site, index) {
    const icon = L.divIcon({ className: "pin", html: element("span", "near-pin", String(index + 1)), iconSize: [28, 28] });
    return L.marker([site.lat, site.lon], { icon, title: site.name, zIndexOffset: 1000 })
      .on("click", () => showRoute(site.code));
  }

  /**
   * @param {any} route
   * @param {L.LatLngBounds} seen
   */
  function drawWay(route, seen) {
    way?.remove();
    way = null;
    if (route && route.geometry) {
      const lay = (/** @type {string} */ color, /** @type {number} */ weight) => {
        const look = { renderer: L.canvas(), interactive: false, style: { color, weight } };
        return L.geoJSON(route, look);
      };
      const line = lay(BLUE, 5);
      way = L.layerGroup([lay("#ffffff", 9), line]).addTo(map);
      seen.extend(line.getBounds());
    }
    if (seen.isValid()) { map.fitBounds(seen, { paddingTopLeft: [36, 36], paddingBottomRight: [72, 56], maxZoom: 17 }); }
  }

  /** @param {string} code */
  async function showRoute(code) {
    const wanted = query();
    wanted.set("site", code);
    try {
      const response = await ask(`${words.route}?${wanted}`);
      if (!response.ok) { throw await refusal(response); }
      drawWay(await response.json(), L.latLngBounds([[Number(form.lat.value), Number(form.lon.value)]]));
      for (const item of all("[data-code]", answer)) {
        item.classList.toggle("chosen", item.dataset.code === code);
      }
      window.scrollTo({ top: 0 });
    } catch (error) {
      say(error.message, true);
    }
  }
}
