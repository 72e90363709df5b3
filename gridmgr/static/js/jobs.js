/* How far a job is: asks the service about once a second, more seldom when it does not answer or nobody looks. */

import { ask } from "./ask.js";
import { byId, one } from "./dom.js";

const OFTEN = 1000, SELDOM = 5000, MOST = 15000;
const job = /** @type {HTMLElement | null} */ (document.querySelector("#job[data-state]"));

if (document.querySelector("[data-jobs]")) { setTimeout(reload, SELDOM); }
if (job) { watch(job, job.dataset.state || ""); }

function reload() {
  if (document.hidden) { setTimeout(reload, SELDOM); } else { location.reload(); }
}

/**
 * @param {HTMLElement} job
 * @param {string} url
 */
function watch(job, url) {
  const words = byId("job-words"), count = byId("job-count"), label = byId("job-label");
  const bar = /** @type {HTMLProgressElement} */ (one("progress", job));
  let wait = OFTEN;
  setTimeout(next, OFTEN);

  async function next() {
    try {
      const answer = await ask(url);
      if (answer.status === 404) { location.reload(); return; } // deleted
      if (!answer.ok) { throw new Error(String(answer.status)); }
      const told = await answer.json();
      if (!told.active) { location.reload(); return; }
      show(told);
      wait = document.hidden ? SELDOM : OFTEN;
    } catch (error) {
      if (error.kind === "login") { return; } // the bar above says so
      wait = Math.min(wait * 2, MOST);
    }
    setTimeout(next, wait);
  }

  /** @param {{ label: string, words: string, total: number, done: number }} told */
  function show(told) {
    label.textContent = told.label;
    if (words.textContent !== told.words) { words.textContent = told.words; }
    count.textContent = told.total ? `${told.done} / ${told.total}` : "";
    if (told.total && told.done) {
      bar.max = told.total;
      bar.value = told.done;
    } else {
      bar.removeAttribute("value");
    }
  }
}
