/* Suggested sites on the map: demand, who is served from where; and demand drawn by hand. */
(function () {
  "use strict";

  const shown = JSON.parse(document.getElementById("suggest-shown").textContent);
  const form = document.getElementById("suggest-form"), points = form.elements.points;
  const help = document.getElementById("suggest-drawing");
  let drawn = [], marks = null, map = null, answered = Boolean(shown.demand);

  document.addEventListener("gridmgr:map", (event) => { map = event.detail; begin(); });
  form.addEventListener("submit", () => {
    points.value = form.elements.source.value === "drawn" ? JSON.stringify(drawn) : "";
    document.getElementById("suggest-busy").hidden = false;
  });
  window.addEventListener("pageshow", () => { document.getElementById("suggest-busy").hidden = true; });
  form.elements.source.addEventListener("change", drawing);

  function drawing() {
    const on = form.elements.source.value === "drawn";
    help.hidden = !on;
    form.elements.days.closest(".field").hidden = on;
    if (map) { map.getContainer().classList.toggle("plan-putting", on); paint(); }
  }

  function begin() {
    try { drawn = JSON.parse(points.value || "[]"); } catch (_error) { drawn = []; }
    marks = L.layerGroup().addTo(map);
    map.createPane("suggest").style.zIndex = 440;
    show();
    drawing();
    map.getContainer().addEventListener("click", (event) => {
      if (form.elements.source.value !== "drawn" || event.target.closest(".leaflet-control, .leaflet-popup")) { return; }
      event.stopPropagation();
      const spot = map.mouseEventToLatLng(event), at = map.latLngToContainerPoint(spot);
      const near = drawn.findIndex(([lon, lat]) => map.latLngToContainerPoint([lat, lon]).distanceTo(at) < 14);
      if (near >= 0) { drawn.splice(near, 1); } else { drawn.push([+spot.lng.toFixed(6), +spot.lat.toFixed(6), 1]); }
      answered = false; // from here on the map shows what will be asked next
      paint();
    }, true);
    document.getElementById("suggest-clear").addEventListener("click", () => { drawn = []; answered = false; paint(); });
  }

  function paint() {
    marks.clearLayers();
    if (form.elements.source.value !== "drawn" || answered) { return; }
    for (const [lon, lat] of drawn) { L.circleMarker([lat, lon], { pane: "suggest", radius: 8, className: "demand", interactive: false }).addTo(marks); }
  }

  function show() {
    const flip = ([lon, lat]) => [lat, lon];
    for (const way of shown.ways || []) { L.polyline([flip(way.from), flip(way.to)], { pane: "suggest", className: "demand-way", interactive: false }).addTo(map); }
    for (const each of shown.demand || []) {
      const dot = L.circleMarker(flip(each.at), { pane: "suggest", radius: 4 + Math.sqrt(each.weight) * 2, className: each.left > 0 ? "demand unserved" : "demand" }).addTo(map);
      dot.bindTooltip(text(each.left > 0 ? `✗ ${each.left} / ${each.weight} ${each.why}` : `✓ ${each.weight}`));
    }
    for (const each of shown.existing || []) {
      L.circleMarker(flip(each.at), { pane: "suggest", radius: 7, className: "existing-mark" }).addTo(map).bindTooltip(text(`${each.name} ${each.served}`));
    }
    for (const each of shown.chosen || []) {
      L.circleMarker(flip(each.at), { pane: "suggest", radius: 11, className: "chosen-mark" }).addTo(map)
        .bindTooltip(text(`${each.n} ${each.name}`), { permanent: (shown.chosen || []).length < 12, direction: "top" });
    }
  }

  function text(words) {
    const box = document.createElement("span");
    box.textContent = words;
    return box;
  }
})();
