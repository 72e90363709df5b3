// How far a job is: asks the service about once a second, more seldom when it does not answer or nobody looks.
(() => {
  "use strict";
  const OFTEN = 1000, SELDOM = 5000, MOST = 15000;
  const job = document.querySelector("#job[data-state]");
  const list = document.querySelector("[data-jobs]");

  if (list) {
    const again = () => (document.hidden ? setTimeout(again, SELDOM) : location.reload());
    setTimeout(again, SELDOM);
  }
  if (!job) return;

  const words = job.querySelector("#job-words"), count = job.querySelector("#job-count");
  const label = job.querySelector("#job-label"), bar = job.querySelector("progress");
  let wait = OFTEN;

  function show(told) {
    label.textContent = told.label;
    if (words.textContent !== told.words) words.textContent = told.words;
    count.textContent = told.total ? `${told.done} / ${told.total}` : "";
    if (told.total && told.done) {
      bar.max = told.total;
      bar.value = told.done;
    } else {
      bar.removeAttribute("value");
    }
  }

  async function ask() {
    try {
      const answer = await window.gridmgrAsk(job.dataset.state);
      if (answer.status === 404) return location.reload(); // deleted
      if (!answer.ok) throw new Error(answer.status);
      const told = await answer.json();
      if (!told.active) return location.reload();
      show(told);
      wait = document.hidden ? SELDOM : OFTEN;
    } catch (error) {
      if (error.kind === "login") return null; // the bar above says so
      wait = Math.min(wait * 2, MOST);
    }
    return setTimeout(ask, wait);
  }
  setTimeout(ask, OFTEN);
})();
