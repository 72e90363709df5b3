/* Street registers: numbered places beside the list, and the map on which a row is pinned. Without this script the
 * pages still work: places can be given by road and metre. */
(function () {
  "use strict";

  const CLOSE = 17;

  for (const form of document.querySelectorAll("form[data-sending]")) {
    form.addEventListener("submit", () => {
      const button = form.querySelector("button.button");
      button.textContent = form.dataset.sending;
      window.setTimeout(() => { button.disabled = true; }, 0);
    });
  }
  for (const link of document.querySelectorAll("a[data-going]")) {
    link.addEventListener("click", () => { link.textContent = link.dataset.going; });
  }
  window.addEventListener("pageshow", (event) => { if (event.persisted) { location.reload(); } }); // back: not "sending" any more
  for (const select of document.querySelectorAll("select[data-go]")) {
    select.addEventListener("change", () => select.form.submit());
  }
  const kind = document.querySelector(".reg-kind [name=kind]");
  if (kind) {
    const season = () => { document.querySelector(".reg-season").hidden = kind.value !== "market"; };
    kind.addEventListener("change", season);
    season();
  }
  const read = (id) => JSON.parse((document.getElementById(id) || { textContent: "[]" }).textContent);
  const whenMapped = (start) => {
    if (window.gridmgr && window.gridmgr.current) { start(window.gridmgr.current); return; }
    document.addEventListener("gridmgr:map", (event) => start(event.detail), { once: true });
  };
  if (document.getElementById("reg-marks")) { whenMapped(list); }
  if (document.getElementById("pin")) { whenMapped(pinning); }

  function pinIcon(text, open) {
    const body = document.createElement("span");
    body.className = open ? "reg-pin open" : "reg-pin";
    body.textContent = text;
    return L.divIcon({ className: "reg-mark", html: body, iconSize: [28, 28] });
  }

  /* ── the list ────────────────────────────────────────────────────────────────────────────────────────── */

  function list(map) {
    const around = L.latLngBounds([]);
    for (const mark of read("reg-marks")) {
      L.marker([mark.lat, mark.lon], { icon: pinIcon(String(mark.row), !mark.sure), title: String(mark.row) })
        .on("click", () => show(mark.row)).addTo(map);
      around.extend([mark.lat, mark.lon]);
      const button = document.querySelector(`[data-fly="${mark.row}"]`);
      if (button) {
        button.hidden = false;
        button.addEventListener("click", () => {
          map.setView([mark.lat, mark.lon], 18);
          map.getContainer().scrollIntoView({ block: "nearest" });
        });
      }
    }
    if (around.isValid()) { map.fitBounds(around, { padding: [36, 36], maxZoom: 17, animate: false }); }
  }

  function show(row) {
    for (const old of document.querySelectorAll(".reg-row.chosen")) { old.classList.remove("chosen"); }
    const item = document.getElementById(`row-${row}`);
    item.classList.add("chosen");
    item.scrollIntoView({ block: "center" });
    item.focus({ preventScroll: true });
  }

  /* ── the pin ─────────────────────────────────────────────────────────────────────────────────────────── */

  function pinning(map) {
    const page = document.getElementById("pin"), form = document.getElementById("pin-form");
    const box = document.getElementById("pin-where"), cross = box.querySelector(".where-cross");
    const says = document.getElementById("pin-says");
    const others = document.getElementById("pin-others");
    let pin = null, asked = 0;

    box.hidden = false;
    document.getElementById("pin-how").hidden = false;
    for (const spot of read("pin-spots")) {
      L.marker([spot.lat, spot.lon], { icon: pinIcon(spot.number || "✓", Boolean(spot.number)), title: spot.words })
        .on("click", () => put(L.latLng(spot.lat, spot.lon))).addTo(map);
    }
    for (const line of read("pin-lines")) {
      L.polyline(line.map(([lon, lat]) => [lat, lon]), { color: "#0b4f96", weight: 5, opacity: 0.55, interactive: false }).addTo(map);
    }
    map.off("click"); // here a click says where, and opens nothing
    map.on("click", (event) => put(event.latlng));
    box.addEventListener("click", (event) => {
      const button = event.target.closest("[data-do]");
      if (!button) { return; }
      if (button.dataset.do === "aim") { aim(cross.hidden); } else { put(map.getCenter()); }
    });
    map.getContainer().addEventListener("keydown", (event) => {
      if (event.target !== map.getContainer()) { return; }
      if (event.key.startsWith("Arrow")) { aim(true); }
      if (event.key === "Enter") { event.preventDefault(); put(map.getCenter()); }
    });
    if (window.matchMedia("(pointer: coarse)").matches) { aim(true); }
    for (const field of form.querySelectorAll(".pin-metres input, .pin-metres select")) {
      field.addEventListener("input", () => { form.lon.value = form.lat.value = ""; });
    }

    function aim(on) {
      cross.hidden = !on;
      box.querySelector("[data-do=here]").hidden = !on;
      box.querySelector("[data-do=aim]").setAttribute("aria-pressed", String(on));
    }

    /* Where the place would be: the nearest kerb, in words, before anything is saved. */
    async function put(at) {
      const turn = ++asked;
      form.lon.value = at.lng.toFixed(6);
      form.lat.value = at.lat.toFixed(6);
      mark(at);
      for (const old of page.querySelectorAll(".pin-panel > .notice")) { old.remove(); } // what was wrong with the last attempt
      says.hidden = false;
      offer([]);
      says.classList.remove("bad");
      says.textContent = "…";
      try {
        const query = new URLSearchParams({ lon: form.lon.value, lat: form.lat.value });
        const response = await window.gridmgrAsk(`${page.dataset.where}?${query}`);
        const said = await response.json();
        if (turn !== asked) { return; }
        if (!response.ok) { throw new Error(said.error); }
        const named = read("pin-names"), elsewhere = named.length && !named.some((name) => said.words.startsWith(`${name} `));
        says.textContent = elsewhere ? `${said.words} ! ${page.dataset.elsewhere}` : said.words;
        mark(L.latLng(said.lat, said.lon));
        offer(said.others || []);
        if (map.getZoom() < CLOSE) { map.setView([said.lat, said.lon], CLOSE); } // near enough to see which kerb it is
      } catch (error) {
        if (turn !== asked) { return; }
        says.classList.add("bad");
        says.textContent = error.message || page.dataset.failed;
      }
    }

    /* Where another road may be meant: a tap takes that one's metre instead of the pin. */
    function offer(places) {
      others.hidden = !places.length;
      others.replaceChildren(others.firstElementChild, ...places.map((place) => {
        const choice = document.createElement("button");
        choice.type = "button";
        choice.className = "button quiet";
        choice.textContent = place.words;
        choice.addEventListener("click", () => {
          for (const name of ["road", "side", "metre"]) { form.elements[name].value = place[name]; }
          form.lon.value = form.lat.value = "";
          says.textContent = place.words;
          mark(L.latLng(place.lat, place.lon));
          offer([]);
        });
        return choice;
      }));
    }

    function mark(at) {
      if (pin) { pin.setLatLng(at); return; }
      pin = L.marker(at, { icon: pinIcon("●", false), zIndexOffset: 1000, interactive: false }).addTo(map);
    }
  }
})();
