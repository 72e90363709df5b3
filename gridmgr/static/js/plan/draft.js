/* The draft in the form, and the drafts before each move. */

import { byId } from "../dom.js";
import { button, field, here, note, start, words } from "./page.js";

const FIELDS = ["kind", "pitches", "rows", "width", "depth", "gap", "aisle", "opens", "closes", "offset", "season_from", "season_to"];

/** @typedef {{ values: Values, at: KerbPlace | null }} Entry */
/** @type {Entry[]} */
const past = [];

/**
 * The draft at a place, as the server takes it.
 * @param {Where} where
 */
export function draft(where) {
  /** @type {Record<string, unknown>} */
  const data = { at: where, name: field("name").value.trim() };
  for (const name of FIELDS) { data[name] = field(name).value; }
  return start.site ? { ...data, site: start.site } : data;
}

/** @param {Values} values */
export function fill(values) {
  for (const name of [...FIELDS, "name"]) {
    if (values[name] === undefined || values[name] === null) { continue; }
    field(name).value = String(values[name]);
    field(name).dispatchEvent(new Event("input")); // for its own listeners: nobody has typed
  }
  byId("plan-season").hidden = field("kind").value !== "market";
}

/**
 * What a place of that kind usually has.
 * @param {string} kind
 */
export function fillUsual(kind) {
  const season = kind === "market" && !field("season_from").value ? comingSeason(new Date()) : {};
  fill({ ...start.defaults[kind], ...season });
}

/**
 * The summer season that is on or comes next.
 * @param {Date} today
 */
export function comingSeason(today) {
  const year = today.getFullYear() + (today.getMonth() >= 9 ? 1 : 0);
  return { season_from: `${year}-05-15`, season_to: `${year}-09-30` };
}

/** @returns {Entry} */
function present() {
  return { values: Object.fromEntries([...FIELDS, "name"].map((name) => [name, field(name).value])), at: here() };
}

export function remember() {
  const entry = present(), last = past[past.length - 1];
  if (entry.at && JSON.stringify(last) !== JSON.stringify(entry)) { past.push(entry); }
  button("undo").disabled = !past.length;
}

/**
 * The form as it was before the last move; `ask` gets the place where the footprint was.
 * @param {(where: KerbPlace) => void} ask
 */
export function undo(ask) {
  const now = JSON.stringify(present());
  let entry = past.pop();
  while (entry && JSON.stringify(entry) === now) { entry = past.pop(); }
  button("undo").disabled = !past.length;
  if (!entry) { return; }
  fill(entry.values);
  if (entry.at) { ask(entry.at); }
  note(words.undone);
}

/** Whether somebody types in the form just now. */
export function isTyping() {
  return /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement ? document.activeElement.tagName : "");
}

