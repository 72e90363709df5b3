/* What a tap on a thing tells, built from text nodes only: no property can carry markup. */

import { element } from "../dom.js";
import { days, filled, hours, isOpenAt, said, stretch } from "../format.js";
import { page } from "./page.js";
import { isWhole, statusOf } from "./style.js";

/**
 * Fields that read as one, as in the lists: both ends of a stretch, of the day's hours, of a range of days.
 * @type {Record<string, { second: string, label: string, say: (first: any, second: any) => string }>}
 */
const PAIRS = {
  from_m: { second: "to_m", label: "metres_along", say: stretch },
  opens: { second: "closes", label: "hours", say: hours },
  season_from: { second: "season_to", label: "season", say: (first, last) => days(first, last, page) },
  since: { second: "until", label: "period", say: (first, last) => days(first, last, page) },
};
const SECONDS = new Set(Object.values(PAIRS).map((pair) => pair.second));
const METRES = new Set(["road", "side", "from_m", "to_m"]);
const UNSAID = new Set(["colour", "demo"]);

/**
 * @param {L.Map} map
 * @param {LayerSpec} spec
 * @param {{ properties: Record<string, any>, id?: string | number }} feature
 * @param {L.LatLng} latlng
 */
export function openPopup(map, spec, feature, latlng) {
  const { properties } = feature, body = element("div", "card");
  body.append(element("p", "card-kind", spec.title));
  if (properties[spec.heading]) { body.append(element("p", "card-title", String(properties[spec.heading]))); }
  const facts = element("dl", "card-facts");
  if (isStall(spec)) {
    body.append(...siteRows(spec, properties));
  } else {
    for (const [label, text] of factsOf(spec, properties)) { facts.append(element("dt", "", label), element("dd", "", text)); }
    body.append(facts);
  }
  if (properties.demo) { body.append(element("p", "card-demo", page.words.demo)); }
  if (spec.page) { body.append(linksOf(spec, properties, properties.key ?? feature.id, facts)); }
  L.popup({ maxWidth: 300, minWidth: 200, autoPanPadding: [16, 16] }).setLatLng(latlng).setContent(body).openOn(map);
}

/**
 * What is told of a thing: its fields with their labels, in their order.
 * @param {LayerSpec} spec
 * @param {Record<string, any>} properties
 */
export function factsOf(spec, properties) {
  /** @type {[string, string][]} */
  const facts = [];
  for (const field of spec.fields) {
    if (isUnsaid(field.name, spec, properties)) { continue; }
    const pair = PAIRS[field.name], label = pair ? page.words[pair.label] : field.label;
    const text = pair ? pair.say(properties[field.name], properties[pair.second]) : said(properties[field.name], field, page.words);
    if (text) { facts.push([label, text]); }
  }
  return facts;
}

/**
 * @param {string} name
 * @param {LayerSpec} spec
 * @param {Record<string, any>} properties
 */
function isUnsaid(name, spec, properties) {
  if (page.onFoot && METRES.has(name)) { return true; }
  if (name === spec.heading || UNSAID.has(name) || SECONDS.has(name)) { return true; }
  return name === "state" && properties.status !== undefined;
}

/**
 * @param {LayerSpec} spec
 * @param {Record<string, any>} properties
 * @param {string | number} key
 * @param {HTMLElement} facts
 */
function linksOf(spec, properties, key, facts) {
  const links = element("p", "card-links"), link = element("a", "card-link card-page", page.words.open);
  link.href = spec.page.replace("{key}", encodeURIComponent(key));
  if (spec.way) {
    const way = element("a", "card-link", page.words.way);
    way.href = spec.way.replace("{key}", encodeURIComponent(key));
    links.append(way);
    if (page.onFoot && !isStall(spec) && properties.side !== undefined) { sayWhere(way.href, facts); }
  }
  links.append(link);
  return links;
}

/**
 * Whether somebody may find room there.
 * @param {LayerSpec} spec
 */
function isStall(spec) { return spec.fields.some((field) => field.name === "free"); }

/**
 * Of a stall what somebody on the street asks: open or not, and free pitches.
 * @param {LayerSpec} spec
 * @param {Record<string, any>} properties
 */
function siteRows(spec, properties) {
  if (!isWhole(spec, properties)) { return [element("p", "card-state", statusOf(spec, properties))]; }
  const rows = [element("p", "card-state", openness(properties.opens, properties.closes))];
  if (properties.free !== undefined && properties.free !== null) {
    rows.push(element("p", "card-free", filled(page.words.free, { n: properties.free })));
  }
  return rows;
}

/**
 * Now, by this device's clock; of another day its hours.
 * @param {string} opens
 * @param {string} closes
 */
function openness(opens, closes) {
  const from = String(opens).slice(0, 5), to = String(closes).slice(0, 5);
  if (new URLSearchParams(location.search).get("date") || page.inline) { return `${from}–${to}`; }
  const open = isOpenAt(from, to, new Date().toTimeString().slice(0, 5));
  return open ? `● ${filled(page.words.open_until, { time: to })}` : `○ ${filled(page.words.opens_at, { time: from })}`;
}

/**
 * Where a thing is, in the words that people on the street use, once the server has said.
 * @param {string} href
 * @param {HTMLElement} facts
 */
async function sayWhere(href, facts) {
  const place = element("dd", "", "…");
  facts.prepend(element("dt", "", page.words.where), place);
  const answer = await fetch(href, { headers: { Accept: "application/json" } }).catch(() => null);
  const told = answer && answer.ok ? await answer.json() : {};
  place.textContent = told.where || "—";
}
