/* Data files: a sign of life while a file is checked or written, the candidates' points and the preview's changes on the map. */
(function () {
  "use strict";

  const COLOURS = ["#0b4f96", "#b03a00", "#6a1b7a", "#0f6b3a", "#1d2126"];
  const CLOSE = 16; // from this zoom on a bay is a shape, before it a speck
  const STYLES = {
    created: { color: "#0f6b3a", weight: 3, fillOpacity: 0.35 },
    updated: { color: "#0b4f96", weight: 3, fillOpacity: 0.35 },
    before: { color: "#8a5a00", weight: 2, dashArray: "4 4", fillOpacity: 0 },
  };

  function element(name, className, text) {
    const made = document.createElement(name);
    made.className = className;
    made.textContent = text;
    return made;
  }

  /* ── forms ───────────────────────────────────────────────────────────────────────────────────────────── */

  for (const form of document.querySelectorAll("form[data-sending]")) {
    form.addEventListener("submit", () => {
      const button = form.querySelector("button.button");
      const busy = element("span", "data-busy", form.dataset.sending);
      busy.setAttribute("role", "status");
      button.after(busy);
      window.setTimeout(() => { button.disabled = true; }, 0);
    });
  }
  window.addEventListener("pageshow", (event) => {
    if (!event.persisted) { return; }
    for (const busy of document.querySelectorAll(".data-busy")) { busy.remove(); }
    for (const button of document.querySelectorAll("form[data-sending] button")) { button.disabled = false; }
  });

  /* The conditions of an export depend on its layer. */
  const layer = document.querySelector(".data-export select[name=layer]");
  if (layer) { layer.addEventListener("change", () => layer.form.submit()); }

  const other = document.querySelector(".data-other");
  if (other) {
    other.addEventListener("focus", () => { other.closest("li").querySelector("input[type=radio]").checked = true; });
  }

  /* ── maps ────────────────────────────────────────────────────────────────────────────────────────────── */

  document.addEventListener("gridmgr:map", ({ detail: map }) => {
    const candidates = document.getElementById("data-candidates");
    if (candidates) { drawCandidates(map, JSON.parse(candidates.textContent)); }
    const frame = map.getContainer().closest("[data-changes]");
    if (frame) { drawChanges(map, frame.dataset.changes); }
  });

  /* Each candidate's points in a colour of their own, with its letter at the one in the middle. */
  function drawCandidates(map, candidates) {
    const pen = L.canvas({ pane: "markerPane" });
    const drawn = {};
    candidates.forEach(({ letter, title, places }, index) => {
      const colour = COLOURS[index % COLOURS.length];
      const group = L.layerGroup(places.map((place) => L.circleMarker(place, {
        renderer: pen, radius: 4, stroke: false, fillColor: colour, fillOpacity: 0.9,
      }).bindTooltip(() => element("span", "", `${letter} ${title}`))));
      const sign = element("span", `data-letter data-letter-${index}`, letter);
      const middle = places[Math.floor(places.length / 2)];
      L.marker(middle, { icon: L.divIcon({ className: "data-mark", html: sign, iconSize: [26, 26] }), interactive: false }).addTo(group);
      drawn[letter] = group.addTo(map);
    });
    for (const box of document.querySelectorAll("[data-shows]")) {
      const show = () => { drawn[box.dataset.shows][box.checked ? "addTo" : "removeFrom"](map); };
      box.addEventListener("change", show);
      show();
    }
    for (const radio of document.querySelectorAll(".data-candidates input[type=radio]")) {
      radio.addEventListener("change", () => {
        const box = radio.closest("li").querySelector("[data-shows]");
        if (!box) { return; }
        if (!box.checked) { box.click(); }
        map.fitBounds(L.latLngBounds(candidates.find((each) => each.letter === box.dataset.shows).places), { padding: [24, 24], maxZoom: 18 });
      });
    }
  }

  async function drawChanges(map, url) {
    const response = await window.gridmgrAsk(url);
    if (!response.ok) { return; }
    const found = await response.json();
    const pen = L.canvas({ pane: "overlayPane" });
    const rings = L.layerGroup();
    L.geoJSON(found, {
      renderer: pen, interactive: false,
      style: (feature) => STYLES[feature.properties.outcome],
      onEachFeature: ({ properties: { outcome } }, shape) => {
        if (outcome === "before" || !shape.getBounds) { return; }
        L.circleMarker(shape.getBounds().getCenter(), { ...STYLES[outcome], renderer: pen, interactive: false, radius: 7 }).addTo(rings);
      },
      pointToLayer: (feature, place) => L.circleMarker(place, { ...STYLES[feature.properties.outcome], radius: 7 }),
    }).addTo(map);
    const ring = () => { rings[map.getZoom() < CLOSE ? "addTo" : "removeFrom"](map); };
    map.on("zoomend", ring);
    ring();
    map.getContainer().dataset.drawn = String(found.features.length);
  }
})();
