/* One way to ask the server: it says what is wrong in words, and never blames the network for a session that has lapsed. */

import { element } from "./dom.js";

const words = document.body.dataset;

/**
 * fetch, whose failures are Errors with words in `message` and a `kind`: "offline" (no answer came), "login" (the session
 * is over; a bar with the way back is shown). What was aborted is thrown as fetch does.
 * @param {string} url
 * @param {RequestInit} [options]
 */
export async function ask(url, options = {}) {
  const headers = { Accept: "application/json", ...options.headers, "X-Requested-With": "fetch" };
  let response;
  try {
    response = await fetch(url, { ...options, headers });
  } catch (error) {
    if (error.name === "AbortError") { throw error; }
    throw Object.assign(new Error(words.offline), { kind: "offline" });
  }
  if (response.status === 401) {
    showLapsed();
    throw Object.assign(new Error(words.lapsed), { kind: "login", status: 401 });
  }
  return response;
}

/**
 * What a refused answer says of itself, else that there was none.
 * @param {Response} response
 * @returns {Promise<Trouble>}
 */
export async function refusal(response) {
  const said = await response.json().catch(() => ({}));
  return Object.assign(new Error(said.error || words.broken), { kind: /** @type {const} */ ("refused"), status: response.status, body: said });
}

/** The way back: the login leads to this very address. */
export function loginLink() {
  const link = element("a", "", words.logIn);
  link.href = `${words.login}?${new URLSearchParams({ next: location.pathname + location.search })}`;
  return link;
}

function showLapsed() {
  if (document.querySelector(".lapsed")) { return; }
  const bar = element("p", "notice lapsed");
  bar.setAttribute("role", "alert");
  bar.append(`! ${words.lapsed} `, loginLink());
  document.querySelector("main")?.prepend(bar);
}
