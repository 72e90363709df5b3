/* My roads: where am I (GPS with its accuracy circle, or a pin by crosshair), and the sheet over the map. */

import { ask, loginLink, refusal } from "./ask.js";
import { element, one, pushButton, whenMapped } from "./dom.js";
import { clock } from "./format.js";
import { locate } from "./position.js";
import { watchSheet } from "./sheet.js";

const COARSE_M = 100;
const AIM_ZOOM = 17; // about a metre a pixel
const BLUE = "#0b4f96";

/**
 * @typedef {{ name: string, phone?: string }} Person
 * @typedef {{ url: string, text: string, branch: string, members: Person[] }} StretchHere
 * @typedef {object} Here What the server says of a place.
 * @property {string} state
 * @property {string} text
 * @property {{ name: string }} road
 * @property {{ url: string, code: string, branch: string }} [section]
 * @property {Person[]} [members]
 * @property {StretchHere[]} [stretches]
 * @property {number} [more]
 * @property {string} [answer]
 * @property {Here[]} [others]
 */

const box = document.getElementById("where");
if (box) { whenMapped((map) => watch(box, map)); }
watchSheet();

/**
 * @param {HTMLElement} box
 * @param {GridMap} map
 */
function watch(box, map) {
  const words = box.dataset, cross = one(".where-cross", box), says = one(".where-says", box);
  const home = one("[data-do=home]", box);
  /** @type {L.LayerGroup | null} */
  let mark = null;
  /** @type {{ at: Date, parts: HTMLElement[] } | null} */
  let told = null;
  /** @type {Record<string, () => void>} */
  const actions = { locate: find, aim: () => setAim(cross.hidden), here: takeCentre, home: goHome };

  box.hidden = false;
  box.addEventListener("click", (event) => {
    const button = /** @type {HTMLElement | null} */ (/** @type {Element} */ (event.target).closest("[data-do]"));
    if (button) { actions[button.dataset.do || ""](); }
  });

  function find() {
    setAim(false);
    locate(words, (text, isTrouble) => say([isTrouble ? trouble(text) : line(text)]), ({ latitude, longitude, accuracy }) => {
      show([latitude, longitude], accuracy);
      askServer(latitude, longitude, accuracy);
    });
  }

  /**
   * @param {L.LatLngTuple} at
   * @param {number} accuracy
   */
  function show(at, accuracy) {
    if (mark) { mark.remove(); }
    const spot = L.circleMarker(at, { radius: 8, color: "#fff", weight: 3, fillColor: BLUE, fillOpacity: 1 });
    const circle = L.circle(at, { radius: accuracy, color: BLUE, weight: 2, fillColor: BLUE, fillOpacity: 0.15 });
    mark = L.layerGroup(accuracy ? [circle, spot] : [spot]).addTo(map);
    home.hidden = !map.gridmgr.page.bounds;
    if (accuracy) { map.fitBounds(L.latLng(at).toBounds(Math.max(accuracy * 2.4, 240)), { maxZoom: 18 }); }
  }

  /** @param {boolean} on */
  function setAim(on) {
    cross.hidden = !on;
    one("[data-do=here]", box).hidden = !on;
    one("[data-do=aim]", box).setAttribute("aria-pressed", String(on));
    if (on) { say([line(words.aim)]); map.getContainer().focus(); }
  }

  /* Back to the roads that the page is about. */
  function goHome() {
    setAim(false);
    if (mark) { mark.remove(); mark = null; }
    says.hidden = true;
    home.hidden = true;
    if (map.gridmgr.page.bounds) { map.fitBounds(map.gridmgr.page.bounds, { padding: [12, 12], maxZoom: 18 }); }
  }

  function takeCentre() {
    if (map.getZoom() < AIM_ZOOM) { // a pin set from far off may mean any of several roads
      map.setView(map.getCenter(), AIM_ZOOM);
      say([line(words.closer)]);
      return;
    }
    const { lat, lng } = map.getCenter();
    setAim(false);
    show([lat, lng], 0);
    askServer(lat, lng, 0);
  }

  /**
   * @param {number} lat
   * @param {number} lon
   * @param {number} accuracy
   */
  async function askServer(lat, lon, accuracy) {
    say([line(words.asking)]);
    const query = new URLSearchParams({ lon: lon.toFixed(6), lat: lat.toFixed(6) });
    if (accuracy) { query.set("accuracy", String(Math.round(accuracy))); }
    const day = new URLSearchParams(location.search).get("date");
    if (day) { query.set("date", day); }
    try {
      const response = await ask(`${words.url}?${query}`);
      if (!response.ok) { throw await refusal(response); }
      answer(await response.json(), accuracy);
    } catch (error) {
      keepAnswer(error);
    }
  }

  /**
   * What was found before stays, marked with its time.
   * @param {Trouble} error
   */
  function keepAnswer(error) {
    const parts = [trouble(error.message)];
    if (error.kind === "login") { parts.push(loginLink()); }
    if (told) { parts.push(line((words.old || "").replace("{time}", clock(told.at))), ...told.parts); }
    say(parts);
  }

  /**
   * @param {Here} here
   * @param {number} accuracy
   * @param {Here[]} [others]
   */
  function answer(here, accuracy, others = here.others || []) {
    const where = here.state === "on_road" ? `${words.here} ${here.text}` : here.text;
    const within = accuracy && !here.stretches ? ` (±${Math.round(accuracy)} m)` : "";
    const parts = [element("strong", "", where + within), ...(here.stretches || []).map(stretch), ...whoAnswers(here)];
    if (others.length) { parts.push(choices(here, others, accuracy)); }
    if (accuracy > COARSE_M) { parts.push(trouble(words.coarse)); }
    told = { at: new Date(), parts };
    say(parts);
  }

  /** @param {Here} here */
  function whoAnswers(here) {
    const parts = here.more ? [line(`… +${here.more}`)] : [];
    if (here.section) { parts.push(link(here.section.url, `${here.section.code} ${here.section.branch}`)); }
    parts.push(...(here.members || []).map((member) => person(member, `${words.answers} `)));
    if (here.answer) { parts.push(line(here.answer)); }
    return parts;
  }

  /**
   * At crossings and on stacked roads the person says which road is meant.
   * @param {Here} here
   * @param {Here[]} others
   * @param {number} accuracy
   */
  function choices(here, others, accuracy) {
    const row = element("span", "where-others", words.others);
    row.append(...others.map((other) => {
      const rest = [{ ...here, state: "on_road" }, ...others].filter((each) => each !== other);
      const text = other.section ? `${other.road.name} · ${other.section.code}` : other.road.name;
      return pushButton("button quiet", text, () => answer({ ...other, state: "on_road" }, accuracy, rest));
    }));
    return row;
  }

  /** @param {HTMLElement[]} parts */
  function say(parts) {
    says.replaceChildren(...parts);
    says.hidden = false;
  }
}

/**
 * One of the stretches that a coarse position may mean, with all who answer there.
 * @param {StretchHere} each
 */
function stretch(each) {
  const row = element("span", "where-stretch");
  row.append(link(each.url, each.text), ` ${each.branch}`, ...each.members.map((member) => person(member, " ")));
  return row;
}

/**
 * @param {Person} member
 * @param {string} before
 */
function person(member, before) {
  if (!member.phone) { return line(before + member.name); }
  return link(`tel:${member.phone.replaceAll(" ", "")}`, `${before}${member.name} ☎ ${member.phone}`);
}

/** @param {string | undefined} text @returns {HTMLElement} */
function line(text) { return element("span", "", text || ""); }

/** @param {string | undefined} text @returns {HTMLElement} */
function trouble(text) { return element("span", "trouble-words", text || ""); }

/** @param {string} href @param {string} text @returns {HTMLElement} */
function link(href, text) {
  const made = element("a", "", text);
  made.href = href;
  return made;
}
