/* One tap on the street: it is sent once. Without a signal it waits on this page, says so, and goes when the signal is back;
 * the number in the form makes a second sending of the same tap the same hold. */

import { ask, refusal } from "./ask.js";
import { byId, element, one } from "./dom.js";
import { clock } from "./format.js";

const SLOT = "gridmgr-hold", TRY_EVERY_MS = 5000, PATIENCE_MS = 20000, GOOD_FOR_MS = 30 * 60 * 1000;

/** @typedef {{ fields: [string, string][], at: number, account?: string }} Held */

/**
 * Half an hour later the vendor has gone; and what one person tapped is never another's to send.
 * @param {Held} held
 * @param {string | undefined} account
 * @param {number} now
 */
export function isStillGood(held, account, now) {
  return held.account === account && now - held.at < GOOD_FOR_MS;
}

/**
 * @param {HTMLFormElement} form
 * @param {(words: string, isTrouble?: boolean) => void} say
 * @param {() => Promise<void>} refresh
 */
export function watchHold(form, say, refresh) {
  const box = byId("guide-waiting"), words = form.dataset;
  let sending = false, timer = 0;

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    if (sending || waiting()) { return; } // a thumb taps twice
    send(/** @type {[string, string][]} */ ([...new FormData(form, event.submitter)]));
  });
  one("button", box).addEventListener("click", () => { stopWaiting(); say(words.cancelled || ""); });
  window.addEventListener("online", again);
  document.addEventListener("visibilitychange", () => { if (!document.hidden) { again(); } });
  window.addEventListener("pageshow", () => { sending = false; });
  const held = waiting();
  if (held) { show(held); again(); }

  /** @param {[string, string][]} fields */
  async function send(fields) {
    sending = true;
    say(words.sending || "");
    try {
      const response = await ask(form.action, {
        method: "POST", body: new URLSearchParams(fields), signal: AbortSignal.timeout(PATIENCE_MS),
      });
      if (response.status === 403) { leaveTo(fields); return; } // the token is gone: the page that answers offers it again
      if (!response.ok) { await refused(await refusal(response), fields); return; }
      const { url } = await response.json();
      stopWaiting();
      location.assign(url);
    } catch (error) {
      sending = false;
      if (error.kind === "login") { leaveTo(fields); } else { wait(fields); }
    }
  }

  /**
   * @param {Trouble} error
   * @param {[string, string][]} fields
   */
  async function refused(error, fields) {
    sending = false;
    if (error.status === 503) { wait(fields); return; } // away for a moment, like the signal
    stopWaiting();
    if (form.lon.value) { await refresh(); }
    say(error.message, true);
  }

  /**
   * As a form of the page, so that the login page, or the one for a lost token, carries it along.
   * @param {[string, string][]} fields
   */
  function leaveTo(fields) {
    stopWaiting();
    const plain = element("form");
    plain.method = "post";
    plain.action = form.action;
    for (const [name, value] of fields) { plain.append(Object.assign(element("input"), { type: "hidden", name, value })); }
    document.body.append(plain);
    plain.submit();
  }

  /** @param {[string, string][]} fields */
  function wait(fields) {
    const held = waiting() || { fields, at: Date.now(), account: words.account };
    sessionStorage.setItem(SLOT, JSON.stringify(held));
    show(held);
  }

  /** @returns {Held | null} */
  function waiting() {
    const held = JSON.parse(sessionStorage.getItem(SLOT) || "null");
    if (!held || isStillGood(held, words.account, Date.now())) { return held; }
    stopWaiting();
    say(words.tooLate || "", true);
    return null;
  }

  /** @param {Held} held */
  function show(held) {
    one("span", box).textContent = (words.waiting || "").replace("{time}", clock(new Date(held.at)));
    box.hidden = false;
    byId("guide-says").hidden = true;
    window.clearInterval(timer);
    timer = window.setInterval(again, TRY_EVERY_MS);
  }

  function stopWaiting() {
    sessionStorage.removeItem(SLOT);
    window.clearInterval(timer);
    box.hidden = true;
  }

  function again() { // every few seconds, and when the browser says that there is a network
    const held = waiting();
    if (held && !sending && navigator.onLine) { send(held.fields); }
  }
}
