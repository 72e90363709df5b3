/* One way to ask the server: it says what is wrong in words, and never blames the network for a session that has lapsed.
 * gridmgrAsk(url, options) is fetch; what can't be answered is thrown as an Error with words in `message` and a `kind`:
 * "offline" (no answer came), "login" (the session is over; a bar with the way back is shown), as fetch otherwise. */
(function () {
  "use strict";

  const words = document.body.dataset;

  window.gridmgrAsk = async function (url, options = {}) {
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
  };

  /* What a refused answer says of itself, else that there was none. */
  window.gridmgrAsk.refusal = async function (response) {
    const said = await response.json().catch(() => ({}));
    return Object.assign(new Error(said.error || words.broken), { kind: "refused", status: response.status, body: said });
  };

  /* The way back: the login leads to this very address. */
  window.gridmgrAsk.loginLink = function () {
    const link = document.createElement("a");
    link.href = `${words.login}?${new URLSearchParams({ next: location.pathname + location.search })}`;
    link.textContent = words.logIn;
    return link;
  };

  function showLapsed() {
    if (document.querySelector(".lapsed")) { return; }
    const bar = document.createElement("p");
    bar.className = "notice lapsed";
    bar.setAttribute("role", "alert");
    bar.append(`! ${words.lapsed} `, window.gridmgrAsk.loginLink());
    document.querySelector("main").prepend(bar);
  }
})();
