/* Street registers: numbered places beside the list, and the map on which a row is pinned. Without this script the
 * pages still work: places can be given by road and metre. */

import { all, byId, dataOf, one, whenMapped } from "./dom.js";
import { watchPin } from "./register/pin.js";
import { pinIcon } from "./register/icon.js";

for (const form of all("form[data-sending]")) {
  form.addEventListener("submit", () => {
    const button = /** @type {HTMLButtonElement} */ (one("button.button", form));
    button.textContent = form.dataset.sending || "";
    window.setTimeout(() => { button.disabled = true; }, 0);
  });
}
for (const link of all("a[data-going]")) {
  link.addEventListener("click", () => { link.textContent = link.dataset.going || ""; });
}
window.addEventListener("pageshow", (event) => { if (event.persisted) { location.reload(); } }); // back: not "sending" any more
for (const select of /** @type {HTMLSelectElement[]} */ (all("select[data-go]"))) {
  select.addEventListener("change", () => select.form?.submit());
}
const kind = /** @type {HTMLSelectElement | null} */ (document.querySelector(".reg-kind [name=kind]"));
if (kind) {
  const season = () => { one(".reg-season").hidden = kind.value !== "market"; };
  kind.addEventListener("change", season);
  season();
}
if (document.getElementById("reg-marks")) { whenMapped(showMarks); }
if (document.getElementById("pin")) { whenMapped(watchPin); }

/**
 * The rows' places, each leading to its row and back.
 * @param {GridMap} map
 */
function showMarks(map) {
  const around = L.latLngBounds([]);
  /** @type {{ row: number, lat: number, lon: number, sure: boolean }[]} */
  const marks = dataOf("reg-marks");
  for (const mark of marks) {
    L.marker([mark.lat, mark.lon], { icon: pinIcon(String(mark.row), !mark.sure), title: String(mark.row) })
      .on("click", () => show(mark.row)).addTo(map);
    around.extend([mark.lat, mark.lon]);
    for (const button of all(`[data-fly="${mark.row}"]`)) {
      button.hidden = false;
      button.addEventListener("click", () => {
        map.setView([mark.lat, mark.lon], 18);
        map.getContainer().scrollIntoView({ block: "nearest" });
      });
    }
  }
  if (around.isValid()) { map.fitBounds(around, { padding: [36, 36], maxZoom: 17, animate: false }); }
}

/** @param {number} row */
function show(row) {
  for (const old of all(".reg-row.chosen")) { old.classList.remove("chosen"); }
  const item = byId(`row-${row}`);
  item.classList.add("chosen");
  item.scrollIntoView({ block: "center" });
  item.focus({ preventScroll: true });
}
