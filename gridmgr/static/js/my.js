/* My roads: where am I (GPS with its accuracy circle, or a pin by crosshair), and the sheet over the map. */
(function () {
  "use strict";

  const COARSE_M = 100;
  const AIM_ZOOM = 17; // about a metre a pixel
  const box = document.getElementById("where");
  let map = null, mark = null, told = null;

  document.addEventListener("gridmgr:map", (event) => {
    map = event.detail;
    if (box) { box.hidden = false; }
  });
  if (window.gridmgr && window.gridmgr.current) { map = window.gridmgr.current; if (box) { box.hidden = false; } }
  if (box) { watchButtons(); }
  watchSheet();

  /* ── where am I ──────────────────────────────────────────────────────────────────────────────────────── */

  function watchButtons() {
    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (!button || !map) { return; }
      ({ locate, aim: toggleAim, here: takeCentre, home: goHome })[button.dataset.do]();
    });
  }

  function locate() {
    setAim(false);
    if (!window.isSecureContext) { return say([trouble(box.dataset.insecure)]); }
    if (!navigator.geolocation) { return say([trouble(box.dataset.silent)]); }
    say([line(box.dataset.searching)]);
    navigator.geolocation.getCurrentPosition(found, missed, { enableHighAccuracy: true, timeout: 15000, maximumAge: 10000 });
  }

  function found(position) {
    const { latitude, longitude, accuracy } = position.coords;
    show([latitude, longitude], accuracy);
    ask(latitude, longitude, accuracy);
  }

  function missed(error) {
    say([trouble(error.code === error.PERMISSION_DENIED ? box.dataset.refused : box.dataset.silent)]);
  }

  function show(latlng, accuracy) {
    if (mark) { mark.remove(); }
    const spot = L.circleMarker(latlng, { radius: 8, color: "#fff", weight: 3, fillColor: "#0b4f96", fillOpacity: 1 });
    const circle = L.circle(latlng, { radius: accuracy || 0, color: "#0b4f96", weight: 2, fillColor: "#0b4f96", fillOpacity: 0.15 });
    mark = L.layerGroup(accuracy ? [circle, spot] : [spot]).addTo(map);
    box.querySelector("[data-do=home]").hidden = !map.gridmgr.page.bounds;
    if (accuracy) { map.fitBounds(L.latLng(latlng).toBounds(Math.max(accuracy * 2.4, 240)), { maxZoom: 18 }); }
  }

  function toggleAim() { setAim(box.querySelector(".where-cross").hidden); }

  function setAim(on) {
    box.querySelector(".where-cross").hidden = !on;
    box.querySelector("[data-do=here]").hidden = !on;
    box.querySelector("[data-do=aim]").setAttribute("aria-pressed", String(on));
    if (on) { say([line(box.dataset.aim)]); map.getContainer().focus(); }
  }

  /* Back to the roads that the page is about. */
  function goHome() {
    setAim(false);
    if (mark) { mark.remove(); mark = null; }
    box.querySelector(".where-says").hidden = true;
    box.querySelector("[data-do=home]").hidden = true;
    map.fitBounds(map.gridmgr.page.bounds, { padding: [12, 12], maxZoom: 18 });
  }

  function takeCentre() {
    if (map.getZoom() < AIM_ZOOM) { // a pin set from far off may mean any of several roads
      map.setView(map.getCenter(), AIM_ZOOM);
      return say([line(box.dataset.closer)]);
    }
    const { lat, lng } = map.getCenter();
    setAim(false);
    show([lat, lng], 0);
    ask(lat, lng, 0);
  }

  async function ask(lat, lon, accuracy) {
    say([line(box.dataset.asking)]);
    const query = new URLSearchParams({ lon: lon.toFixed(6), lat: lat.toFixed(6) });
    if (accuracy) { query.set("accuracy", Math.round(accuracy)); }
    const day = new URLSearchParams(location.search).get("date");
    if (day) { query.set("date", day); }
    try {
      const response = await window.gridmgrAsk(`${box.dataset.url}?${query}`);
      if (!response.ok) { throw await window.gridmgrAsk.refusal(response); }
      answer(await response.json(), accuracy);
    } catch (error) {
      keepAnswer(error);
    }
  }

  /* What was found before stays, marked with its time. */
  function keepAnswer(error) {
    const parts = [trouble(error.message)];
    if (error.kind === "login") { parts.push(window.gridmgrAsk.loginLink()); }
    if (told) {
      const clock = told.at.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
      parts.push(line(box.dataset.old.replace("{time}", clock)), ...told.parts);
    }
    say(parts);
  }

  function answer(here, accuracy, others = here.others || []) {
    const parts = [];
    const first = document.createElement("strong");
    first.textContent = here.state === "on_road" ? `${box.dataset.here} ${here.text}` : here.text;
    if (accuracy && !here.stretches) { first.textContent += ` (±${Math.round(accuracy)} m)`; }
    parts.push(first);
    for (const each of here.stretches || []) { parts.push(stretch(each)); }
    if (here.more) { parts.push(line(`… +${here.more}`)); }
    if (here.section) { parts.push(link(here.section.url, `${here.section.code} ${here.section.branch}`)); }
    for (const member of here.members || []) { parts.push(person(member, `${box.dataset.answers} `)); }
    if (here.answer) { parts.push(line(here.answer)); }
    if (others.length) { parts.push(choices(here, others, accuracy)); }
    if (accuracy > COARSE_M) { parts.push(trouble(box.dataset.coarse)); }
    told = { at: new Date(), parts };
    say(parts);
  }

  function person(member, before) {
    if (!member.phone) { return line(before + member.name); }
    return link(`tel:${member.phone.replaceAll(" ", "")}`, `${before}${member.name} ☎ ${member.phone}`);
  }

  /* One of the stretches that a coarse position may mean, with all who answer there. */
  function stretch(each) {
    const row = line("");
    row.className = "where-stretch";
    row.append(link(each.url, each.text), ` ${each.branch}`, ...each.members.map((member) => person(member, " ")));
    return row;
  }

  /* At crossings and on stacked roads the person says which road is meant. */
  function choices(here, others, accuracy) {
    const row = line(box.dataset.others);
    row.className = "where-others";
    row.append(...others.map((other) => {
      const choice = document.createElement("button");
      choice.type = "button";
      choice.className = "button quiet";
      choice.textContent = other.section ? `${other.road.name} · ${other.section.code}` : other.road.name;
      const rest = [{ ...here, state: "on_road" }, ...others].filter((each) => each !== other);
      choice.addEventListener("click", () => answer({ ...other, state: "on_road" }, accuracy, rest));
      return choice;
    }));
    return row;
  }

  function say(parts) {
    const says = box.querySelector(".where-says");
    says.replaceChildren(...parts);
    says.hidden = false;
  }

  function line(text) {
    const made = document.createElement("span");
    made.textContent = text;
    return made;
  }

  function trouble(text) {
    const made = line(text);
    made.className = "trouble-words";
    return made;
  }

  function link(href, text) {
    const made = document.createElement("a");
    made.href = href;
    made.textContent = text;
    return made;
  }

  /* ── the sheet: the page itself scrolls it over the map; the handle does it by tap or key ────────────── */

  function watchSheet() {
    const handle = document.querySelector(".sheet-handle"), sheet = document.getElementById("sheet");
    if (!handle || !sheet) { return; }
    handle.hidden = false;
    const raised = () => window.scrollY > 80;
    handle.addEventListener("click", () => {
      const up = !raised();
      const top = document.querySelector(".top");
      const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      const goal = up ? sheet.getBoundingClientRect().top + window.scrollY - (top ? top.offsetHeight : 0) : 0;
      window.scrollTo({ top: goal, behavior: still ? "auto" : "smooth" });
    });
    const tell = () => {
      const up = raised();
      handle.setAttribute("aria-expanded", String(up));
      handle.firstElementChild.textContent = up ? handle.dataset.less : handle.dataset.more;
    };
    window.addEventListener("scroll", tell, { passive: true });
    tell();
  }
})();
