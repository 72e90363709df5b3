/* The guide on the street: from here (GPS) or a pin to the nearest open sites, with the way drawn on the map.
 * The answer is a piece of HTML from the server; what the map draws comes beside it as JSON. Without this script
 * the page still works with a place in its address. */
(function () {
  "use strict";

  for (const button of document.querySelectorAll("[data-print]")) {
    button.hidden = false;
    button.addEventListener("click", () => window.print());
  }
  const AIM_ZOOM = 17; // about a metre a pixel
  const form = document.getElementById("guide-form");
  if (!form) { return; }
  const box = document.getElementById("guide-where"), answer = document.getElementById("guide-answer");
  const says = document.getElementById("guide-says"), cross = box.querySelector(".where-cross");
  const COARSE_M = 100; // a fix no better than this can't tell one street from the next
  let map = null, drawn = null, way = null, asked = 0, around = null, answeredAt = null;

  document.addEventListener("gridmgr:map", (event) => start(event.detail));
  if (window.gridmgr && window.gridmgr.current) { start(window.gridmgr.current); }
  box.addEventListener("click", (event) => {
    const button = event.target.closest("[data-do]");
    if (button && map) { ({ locate, aim: () => aim(cross.hidden), here: takeCentre })[button.dataset.do](); }
  });
  form.addEventListener("change", (event) => {
    if (event.target.name === "fruit" && form.lon.value) { ask(); }
  });
  window.gridmgrHold(form, say, ask);
  answer.addEventListener("click", (event) => {
    const button = event.target.closest("[data-route]");
    if (button) { showRoute(button.dataset.route); }
  });
  watchSheet();

  function start(made) {
    if (map) { return; }
    map = made;
    box.hidden = false;
    if (document.getElementById("guide-drawn")) { draw(); return; }
    /* Who has allowed it before need not ask again. */
    if (navigator.permissions && window.isSecureContext) {
      navigator.permissions.query({ name: "geolocation" }).then((right) => {
        if (right.state === "granted" && !form.lon.value) { locate(); }
      }, () => {});
    }
  }

  /* ── from where ──────────────────────────────────────────────────────────────────────────────────────── */

  function locate() {
    aim(false);
    if (!window.isSecureContext) { return say(form.dataset.insecure, true); }
    if (!navigator.geolocation) { return say(form.dataset.silent, true); }
    say(form.dataset.searching);
    navigator.geolocation.getCurrentPosition(
      ({ coords }) => located(coords),
      (error) => say(error.code === error.PERMISSION_DENIED ? form.dataset.refused : form.dataset.silent, true),
      { enableHighAccuracy: true, timeout: 15000, maximumAge: 10000 },
    );
  }

  /* A coarse fix is shown as the circle that it is, and the place is chosen by pin: a way from a guess helps nobody. */
  function located({ longitude, latitude, accuracy }) {
    circle(latitude, longitude, accuracy);
    if (accuracy <= COARSE_M) { from(longitude, latitude); return; }
    map.fitBounds(L.latLng(latitude, longitude).toBounds(accuracy * 2.2));
    aim(true);
    say(form.dataset.coarse.replace("{m}", Math.round(accuracy)), true);
  }

  function circle(lat, lon, accuracy) {
    if (around) { around.remove(); }
    around = L.circle([lat, lon], { radius: accuracy, color: "#0b4f96", weight: 2, fillColor: "#0b4f96", fillOpacity: 0.12, interactive: false }).addTo(map);
  }

  function aim(on) {
    cross.hidden = !on;
    box.querySelector("[data-do=here]").hidden = !on;
    box.querySelector("[data-do=aim]").setAttribute("aria-pressed", String(on));
    if (on) { say(form.dataset.aim); window.scrollTo({ top: 0 }); map.getContainer().focus(); }
  }

  function takeCentre() {
    if (map.getZoom() < AIM_ZOOM) { // a pin set from far off may mean any of several roads
      map.setView(map.getCenter(), AIM_ZOOM);
      return say(form.dataset.closer);
    }
    const { lat, lng } = map.getCenter();
    aim(false);
    if (around) { around.remove(); around = null; }
    from(lng, lat);
  }

  function from(lon, lat) {
    form.lon.value = lon.toFixed(6);
    form.lat.value = lat.toFixed(6);
    ask();
  }

  /* ── where to ────────────────────────────────────────────────────────────────────────────────────────── */

  function query() {
    const fruit = form.querySelector("[name=fruit]:checked");
    return new URLSearchParams({ lon: form.lon.value, lat: form.lat.value, fruit: fruit ? fruit.value : "0" });
  }

  async function ask() {
    const turn = ++asked;
    say(form.dataset.asking);
    answer.setAttribute("aria-busy", "true");
    try {
      const response = await window.gridmgrAsk(`${form.dataset.near}?${query()}`, { headers: { Accept: "text/html" } });
      if (turn !== asked) { return; }
      if (!response.ok) { throw await window.gridmgrAsk.refusal(response); }
      answer.innerHTML = await response.text();
      answeredAt = new Date();
      says.hidden = true;
      history.replaceState(null, "", `?${query()}`);
      draw();
    } catch (error) {
      if (turn === asked) { keepAnswer(error); }
    } finally {
      answer.removeAttribute("aria-busy");
    }
  }

  /* What was found before stays, marked with its time: old news is better on the street than none. */
  function keepAnswer(error) {
    say(error.message, true);
    const facts = document.getElementById("guide-drawn");
    if (!facts) { return; }
    const old = answer.querySelector(".stale") || document.createElement("p");
    const clock = (answeredAt || new Date(performance.timeOrigin)).toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
    old.className = "stale muted";
    old.textContent = form.dataset.old.replace("{time}", clock);
    answer.prepend(old);
    [form.lon.value, form.lat.value] = JSON.parse(facts.textContent).start; // a hold is for the place of the list that is shown
  }

  function say(words, trouble) {
    says.textContent = words;
    says.classList.toggle("bad", Boolean(trouble));
    says.hidden = false;
  }

  /* ── on the map ──────────────────────────────────────────────────────────────────────────────────────── */

  function draw() {
    const facts = JSON.parse(document.getElementById("guide-drawn").textContent);
    if (drawn) { drawn.remove(); }
    drawn = L.layerGroup().addTo(map);
    const [lon, lat] = facts.start;
    const spot = { radius: 9, color: "#fff", weight: 3, fillColor: "#0b4f96", fillOpacity: 1 };
    facts.sites.forEach((site, index) => number(site, index + 1).addTo(drawn));
    L.circleMarker([lat, lon], spot).addTo(drawn);
    const around = L.latLngBounds([[lat, lon]]);
    if (facts.sites.length) { around.extend([facts.sites[0].lat, facts.sites[0].lon]); }
    drawWay(facts.route, around);
  }

  function number(site, rank) {
    const body = document.createElement("span");
    body.className = "near-pin";
    body.textContent = String(rank);
    const icon = L.divIcon({ className: "pin", html: body, iconSize: [28, 28] });
    return L.marker([site.lat, site.lon], { icon, title: site.name, zIndexOffset: 1000 })
      .on("click", () => showRoute(site.code));
  }

  function drawWay(route, around) {
    if (way) { way.remove(); way = null; }
    if (route && route.geometry) {
      const lay = (color, weight) => L.geoJSON(route, { renderer: L.canvas(), interactive: false, style: { color, weight } });
      way = L.layerGroup([lay("#ffffff", 9), lay("#0b4f96", 5)]).addTo(map);
      around.extend(lay("#000", 1).getBounds());
    }
    if (around.isValid()) { map.fitBounds(around, { paddingTopLeft: [36, 36], paddingBottomRight: [72, 56], maxZoom: 17 }); }
  }

  async function showRoute(code) {
    const wanted = query();
    wanted.set("site", code);
    try {
      const response = await window.gridmgrAsk(`${form.dataset.route}?${wanted}`);
      if (!response.ok) { throw await window.gridmgrAsk.refusal(response); }
      drawWay(await response.json(), L.latLngBounds([[Number(form.lat.value), Number(form.lon.value)]]));
      for (const item of answer.querySelectorAll("[data-code]")) {
        item.classList.toggle("chosen", item.dataset.code === code);
      }
      window.scrollTo({ top: 0 });
    } catch (error) {
      say(error.message, true);
    }
  }

  /* ── the sheet: the page itself scrolls it over the map; the handle does it by tap or key ────────────── */

  function watchSheet() {
    const handle = document.querySelector(".sheet-handle"), sheet = document.getElementById("sheet");
    handle.hidden = false;
    const raised = () => window.scrollY > 80;
    handle.addEventListener("click", () => {
      const top = document.querySelector(".top");
      const goal = raised() ? 0 : sheet.getBoundingClientRect().top + window.scrollY - (top ? top.offsetHeight : 0);
      const still = window.matchMedia("(prefers-reduced-motion: reduce)").matches;
      window.scrollTo({ top: goal, behavior: still ? "auto" : "smooth" });
    });
    window.addEventListener("scroll", () => {
      handle.setAttribute("aria-expanded", String(raised()));
      handle.firstElementChild.textContent = raised() ? handle.dataset.less : handle.dataset.more;
    }, { passive: true });
  }
})();
