/* "Export what I see": the link beside the map takes the present view, layers and date with it. */
(function () {
  "use strict";

  const link = document.querySelector("[data-export-map]");
  if (!link) { return; }
  const start = link.getAttribute("href").split("?")[0];

  function seen(map) {
    const bounds = map.getBounds();
    return [bounds.getWest(), bounds.getSouth(), bounds.getEast(), bounds.getNorth()].map((each) => each.toFixed(5)).join(",");
  }

  function shown(map) {
    return map.gridmgr.groups.flatMap((group) => group.overlays)
      .filter((overlay) => map.hasLayer(overlay)).map((overlay) => overlay.spec.name).join(",");
  }

  /* Among the map's own controls, where the opened layer list pushes it down and does not lie under it. */
  document.addEventListener("gridmgr:map", ({ detail: map }) => {
    link.classList.add("leaflet-control", "leaflet-bar");
    map.getContainer().querySelector(".leaflet-top.leaflet-right").append(link);
    L.DomEvent.disableClickPropagation(link);
    link.addEventListener("click", () => take(map));
  });

  function take(map) {
    const query = new URLSearchParams({ scope: seen(map), layers: shown(map) });
    const day = new URLSearchParams(location.search).get("date");
    if (day) { query.set("date", day); }
    link.href = `${start}?${query.toString().replace(/%2C/g, ",")}`;
  }
})();
