/* What every page does: closes menus on a click elsewhere or Escape, and suggests while one types in the search box.
 * Everything works without it. */
(function () {
  "use strict";

  document.addEventListener("click", (event) => {
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      if (!menu.contains(event.target)) { menu.open = false; }
    }
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Escape") { return; }
    for (const menu of document.querySelectorAll("details.menu[open]")) {
      menu.open = false;
      menu.querySelector("summary").focus();
    }
  });

  /* There is room for the filters on a wide screen; on a phone they wait behind their summary. */
  if (window.matchMedia("(min-width: 701px)").matches) {
    for (const filters of document.querySelectorAll("details[data-open-wide]")) { filters.open = true; }
  }

  /* A date reads in the page's language and a time by 24 hours, whatever the browser's; while one is edited, its own field shows. */
  const day = new Intl.DateTimeFormat(document.documentElement.lang === "en" ? "en-GB" : document.documentElement.lang, { dateStyle: "long", timeZone: "UTC" });
  const timed = document.querySelectorAll('input[type="date"], input[type="time"]');
  const tell = (input) => { input.dataset.said = input.value && input.type === "date" ? day.format(new Date(input.value)) : input.value; };
  for (const input of timed) {
    for (const event of ["input", "change", "blur"]) { input.addEventListener(event, () => tell(input)); }
  }
  window.addEventListener("pageshow", () => timed.forEach(tell));

  /* Filters apply as soon as one is chosen; the button stays for keyboards and for browsers without scripts. */
  for (const form of document.querySelectorAll("form[data-submits]")) {
    form.addEventListener("change", (event) => {
      if (event.target.matches("select")) { form.requestSubmit(); }
    });
    /* An address with only what was asked for is one that people can read and send. */
    form.addEventListener("submit", () => {
      for (const field of form.querySelectorAll("input, select")) { field.disabled = field.value === ""; }
    });
  }
  window.addEventListener("pageshow", () => {
    for (const field of document.querySelectorAll("form[data-submits] :disabled")) { field.disabled = false; }
  });

  /* What a lapsed session left unsent stands in the page's own form again, to be looked at or changed. */
  for (const unsent of document.querySelectorAll("form[data-unsent]")) {
    const own = [...document.querySelectorAll("main form")].find((form) => form !== unsent && form.method === "post" && form.action === unsent.action);
    for (const { name, value } of own ? unsent.elements : []) {
      const fields = name && name !== "csrfmiddlewaretoken" ? own.querySelectorAll(`[name="${CSS.escape(name)}"]`) : [];
      for (const field of fields) {
        if (field.type === "radio" || field.type === "checkbox") { field.checked = field.checked || field.value === value; }
        else if (field.type !== "file" && field.type !== "submit") { field.value = value; }
      }
    }
  }

  for (const input of document.querySelectorAll("input[data-suggest]")) { suggestFor(input); }

  function suggestFor(input) {
    const list = document.createElement("ul");
    list.className = "suggestions";
    list.hidden = true;
    input.after(list);
    let waiting = 0;
    let asked = "";
    input.addEventListener("input", () => {
      window.clearTimeout(waiting);
      waiting = window.setTimeout(ask, 180);
    });
    input.form.addEventListener("keydown", (event) => move(event, input, list));
    input.form.addEventListener("focusout", (event) => {
      if (!input.form.contains(event.relatedTarget)) { list.hidden = true; }
    });

    async function ask() {
      asked = input.value.trim();
      if (!asked) { list.hidden = true; return; }
      const words = asked;
      const response = await window.gridmgrAsk(`${input.dataset.suggest}?${new URLSearchParams({ q: words })}`).catch(() => null);
      if (!response || !response.ok || words !== asked) { return; }
      const found = await response.json();
      list.replaceChildren(...found.map(line));
      list.hidden = found.length === 0;
    }
  }

  function line(found) {
    const item = document.createElement("li");
    const link = document.createElement("a");
    const detail = document.createElement("small");
    link.href = found.url;
    detail.textContent = found.subtitle;
    link.append(found.title, detail);
    item.append(link);
    return item;
  }

  function move(event, input, list) {
    const links = [...list.querySelectorAll("a")];
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (event.key === "Escape") { list.hidden = true; input.focus(); }
    if (!step || list.hidden || !links.length) { return; }
    event.preventDefault();
    const next = links.indexOf(document.activeElement) + step;
    (links[next] || input).focus();
  }

  /* On a page as of another day, links to places lead to the same day; the note's own leads back to today. */
  const told = document.querySelector(".told-note time");
  const DATED = /^\/(map|my|branches|roads|sections|sites|pitches|schools|panda-lanes|drop-off-points|bays)\//;

  function keepDay(event) {
    const link = event.target.closest("a[href]");
    if (!link || link.closest(".told-note, .top") || link.origin !== location.origin) { return; }
    const address = new URL(link.href);
    if (!DATED.test(address.pathname) || address.pathname.includes("/add/") || address.searchParams.has("date")) { return; }
    address.searchParams.set("date", told.dateTime);
    link.href = address.href;
  }

  if (told) {
    for (const kind of ["click", "auxclick", "focusin"]) { document.addEventListener(kind, keepDay, true); }
  }
})();
