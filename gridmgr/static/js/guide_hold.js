/* One tap on the street: it is sent once. Without a signal it waits on this page, says so, and goes when the signal is back;
 * the number in the form makes a second sending of the same tap the same hold. gridmgrHold(form, say, refresh). */
(function () {
  "use strict";

  const SLOT = "gridmgr-hold", TRY_EVERY_MS = 5000, PATIENCE_MS = 20000, GOOD_FOR_MS = 30 * 60 * 1000;

  window.gridmgrHold = function (form, say, refresh) {
    const box = document.getElementById("guide-waiting");
    let sending = false, timer = 0;

    form.addEventListener("submit", (event) => {
      event.preventDefault();
      if (sending || waiting()) { return; } // a thumb taps twice
      send([...new FormData(form, event.submitter)]);
    });
    box.querySelector("button").addEventListener("click", () => { stopWaiting(); say(form.dataset.cancelled); });
    window.addEventListener("online", again);
    document.addEventListener("visibilitychange", () => { if (!document.hidden) { again(); } });
    window.addEventListener("pageshow", () => { sending = false; });
    if (waiting()) { show(); again(); }

    async function send(fields) {
      sending = true;
      say(form.dataset.sending);
      try {
        const response = await window.gridmgrAsk(form.action, {
          method: "POST", body: new URLSearchParams(fields), signal: AbortSignal.timeout(PATIENCE_MS),
        });
        if (response.status === 403) { leaveTo(fields); return; } // the token is gone: the page that answers offers it again
        if (!response.ok) { await refused(await window.gridmgrAsk.refusal(response), fields); return; }
        const { url } = await response.json();
        stopWaiting();
        location.assign(url);
      } catch (error) {
        sending = false;
        if (error.kind === "login") { leaveTo(fields); } else { wait(fields); }
      }
    }

    async function refused(error, fields) {
      sending = false;
      if (error.status === 503) { wait(fields); return; } // away for a moment, like the signal
      stopWaiting();
      if (form.lon.value) { await refresh(); }
      say(error.message, true);
    }

    /* As a form of the page, so that the login page, or the one for a lost token, carries it along. */
    function leaveTo(fields) {
      stopWaiting();
      const plain = document.createElement("form");
      plain.method = "post";
      plain.action = form.action;
      for (const [name, value] of fields) { plain.append(Object.assign(document.createElement("input"), { type: "hidden", name, value })); }
      document.body.append(plain);
      plain.submit();
    }

    function wait(fields) {
      if (!waiting()) { sessionStorage.setItem(SLOT, JSON.stringify({ fields, at: Date.now(), account: form.dataset.account })); }
      show();
    }

    /* Half an hour later the vendor has gone; and what one person tapped is never another's to send. */
    function waiting() {
      const held = JSON.parse(sessionStorage.getItem(SLOT) || "null");
      if (!held) { return null; }
      if (held.account === form.dataset.account && Date.now() - held.at < GOOD_FOR_MS) { return held; }
      stopWaiting();
      say(form.dataset.tooLate, true);
      return null;
    }

    function show() {
      const held = waiting(), clock = new Date(held.at).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
      box.querySelector("span").textContent = form.dataset.waiting.replace("{time}", clock);
      box.hidden = false;
      document.getElementById("guide-says").hidden = true;
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
  };
})();
