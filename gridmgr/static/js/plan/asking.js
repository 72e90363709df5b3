/* What the page asks the server: the server draws and judges, this page shows. */

import { ask as askServer } from "../ask.js";
import { draft } from "./draft.js";
import { Newest } from "./newest.js";
import { field, start, words } from "./page.js";

const STALE_MS = 1000;
const KEPT_TIMINGS = 2000;

/** @type {Newest<Where, Answer>} */
export const questions = new Newest((where, signal) => post(start.urls.verdict, draft(where), signal), { staleMs: STALE_MS });

/** @type {Timing[]} */
export const timings = [];

/* After the frame with the verdict has been painted. */
questions.onTimes = (moves, sent, answered) => {
  requestAnimationFrame(() => window.setTimeout(() => {
    const now = performance.now();
    for (const moved of moves) {
      timings.push({ total: now - moved, waited: sent - moved, answered: answered - sent, painted: now - answered });
    }
    timings.splice(0, Math.max(timings.length - KEPT_TIMINGS, 0));
  }));
};

/**
 * What the rules say of the draft at a place.
 * @param {Where | null} where
 * @param {number[]} [moves] moments of the moves that led there
 */
export function ask(where, moves) {
  if (where) { questions.ask(where, moves); }
}

/**
 * What the server answers; throws what is wrong, in words.
 * @param {string} url
 * @param {object} data
 * @param {AbortSignal} [signal]
 * @returns {Promise<any>}
 */
export async function post(url, data, signal) {
  let response;
  try {
    response = await askServer(url, {
      method: "POST", signal, body: JSON.stringify(data),
      headers: { "Content-Type": "application/json", Accept: "application/json", "X-CSRFToken": field("csrfmiddlewaretoken").value },
    });
  } catch (error) {
    throw error.kind === "offline" ? new Error(words.offline) : error;
  }
  const body = await response.json().catch(() => ({}));
  if (!response.ok) { throw Object.assign(new Error(body.error || words.offline), { status: response.status, body }); }
  return body;
}
