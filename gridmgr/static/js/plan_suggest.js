/* Suggested sites on the map: demand, who is served from where; demand drawn by hand; and how far the search has come. */
(function () {
  "use strict";

  const form = document.getElementById("suggest-form"), points = form.elements.points;
  const help = document.getElementById("suggest-drawing"), busy = document.getElementById("suggest-busy");
  const trouble = document.getElementById("suggest-trouble"), answer = document.getElementById("suggest-answer");
  let shown = JSON.parse(document.getElementById("suggest-shown").textContent);
  let drawn = [], marks = null, plan = null, map = null, answered = Boolean(shown.demand);

  document.addEventListener("gridmgr:map", (event) => { map = event.detail; begin(); });
  form.addEventListener("submit", (event) => {
    points.value = form.elements.source.value === "drawn" ? JSON.stringify(drawn) : "";
    if (!map || !window.ReadableStream) { return; }
    event.preventDefault();
    ask();
  });
  window.addEventListener("pageshow", () => { busy.hidden = true; });
  form.elements.source.addEventListener("change", drawing);

  /* The answer line by line; whatever goes wrong on the way, the plain form is sent instead and the server says why. */
  async function ask() {
    const query = new URLSearchParams(new FormData(form)), button = form.querySelector("button");
    progress(0, "");
    trouble.hidden = true;
    busy.hidden = false;
    button.disabled = true;
    let last = null;
    try {
      const response = await window.gridmgrAsk(`${form.dataset.steps}?${query}`, { headers: { Accept: "application/x-ndjson" } });
      if (response.ok && !response.redirected) { for await (const line of lines(response.body)) { last = line; progress(line.share, line.words); } }
    } catch (_error) { last = null; }
    busy.hidden = true;
    button.disabled = false;
    if (last && last.trouble) { trouble.textContent = last.trouble; trouble.hidden = false; return; }
    if (!last || !last.html) { form.submit(); return; }
    answer.innerHTML = last.html;
    shown = last.shown;
    answered = true;
    history.replaceState(null, "", `?${query}`);
    paint();
    show();
    const [west, south, east, north] = shown.bounds;
    map.fitBounds([[south, west], [north, east]], { padding: [24, 24] });
  }

  async function* lines(body) {
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let rest = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) { return; }
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      for (const part of parts) { yield JSON.parse(part); }
    }
  }

  function progress(share, words) {
    if (share === undefined) { return; }
    busy.querySelector("progress").value = share;
    busy.querySelector("span").textContent = words;
  }

  function drawing() {
    const on = form.elements.source.value === "drawn";
    help.hidden = !on;
    form.elements.days.closest(".field").hidden = on;
    if (map) { map.getContainer().classList.toggle("plan-putting", on); paint(); }
  }

  function begin() {
    try { drawn = JSON.parse(points.value || "[]"); } catch (_error) { drawn = []; }
    marks = L.layerGroup().addTo(map);
    plan = L.layerGroup().addTo(map);
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
    const flip = ([lon, lat]) => [lat, lon], dot = (at, style) => L.circleMarker(flip(at), { pane: "suggest", ...style }).addTo(plan);
    plan.clearLayers();
    for (const way of shown.ways || []) { L.polyline([flip(way.from), flip(way.to)], { pane: "suggest", className: "demand-way", interactive: false }).addTo(plan); }
    for (const each of shown.demand || []) {
      dot(each.at, { radius: 4 + Math.sqrt(each.weight) * 2, className: each.left > 0 ? "demand unserved" : "demand" })
        .bindTooltip(text(each.left > 0 ? `✗ ${each.left} / ${each.weight} ${each.why}` : `✓ ${each.weight}`));
    }
    for (const each of shown.existing || []) { dot(each.at, { radius: 7, className: "existing-mark" }).bindTooltip(text(`${each.name} ${each.served}/${each.free}`)); }
    for (const each of shown.chosen || []) {
      dot(each.at, { radius: 11, className: "chosen-mark" })
        .bindTooltip(text(`${each.n} ${each.name}`), { permanent: (shown.chosen || []).length < 12, direction: "top" });
    }
  }

  function text(words) {
    const box = document.createElement("span");
    box.textContent = words;
    return box;
  }
})();
