/* The legend: an entry for each layer that is switched on, and for each branch. */

import { element, pushButton } from "../dom.js";
import { control } from "./controls.js";
import { page } from "./page.js";
import { overlaysOf } from "./view.js";

/** @param {GridMap} map */
export function addLegend(map) {
  control("bottomleft", () => {
    const box = element("details", "map-legend leaflet-bar"), list = element("ul");
    box.open = window.innerWidth > 800;
    box.append(element("summary", "", page.words.legend), list);
    list.append(...page.legend.flatMap(layerRows), ...(page.branchList || []).map((branch) => branchRow(map, branch)));
    const refresh = () => {
      for (const row of /** @type {NodeListOf<HTMLElement>} */ (list.querySelectorAll("[data-layer]"))) {
        const overlay = overlaysOf(map).find((each) => each.spec.name === row.dataset.layer);
        row.hidden = !(overlay && map.hasLayer(overlay));
      }
    };
    map.on("overlayadd overlayremove", refresh);
    document.addEventListener("gridmgr:map", refresh);
    return box;
  }).addTo(map);
}

/** @param {LegendSpec} entry */
function layerRows(entry) {
  const rows = entry.signs.map(([glyph, colour, words]) => legendRow(entry, glyph, colour, words, false));
  if (entry.apart) { rows.push(legendRow(entry, entry.signs[0][0], entry.signs[0][1], entry.apart, true)); }
  return rows;
}

/**
 * @param {LegendSpec} entry
 * @param {string} glyph
 * @param {string} colour
 * @param {string} words
 * @param {boolean} outlined
 */
function legendRow(entry, glyph, colour, words, outlined) {
  const row = element("li");
  row.dataset.layer = entry.layer;
  const sign = element("span", `legend-sign legend-${entry.shape}` + (glyph ? " legend-glyph" : ""), glyph);
  if (colour === "branch") {
    sign.style.backgroundImage = `linear-gradient(90deg, ${[0, 3, 4, 6].map((i) => page.branches[i]).join(",")})`;
  } else if (outlined) {
    sign.classList.add("legend-outline");
    sign.style.color = page.colours[colour];
  } else {
    sign.style.backgroundColor = page.colours[colour];
  }
  row.append(sign, element("span", "", words));
  return row;
}

/**
 * @param {GridMap} map
 * @param {BranchSpec} branch
 */
function branchRow(map, branch) {
  const row = element("li"), sign = element("span", "legend-number", branch.code);
  sign.style.borderColor = page.branches[branch.colour % page.branches.length];
  const link = pushButton("legend-branch", "", () => {
    const [west, south, east, north] = branch.bbox;
    map.fitBounds([[south, west], [north, east]], { padding: [24, 24] });
  });
  link.append(sign, element("span", "", branch.name));
  row.append(link);
  return row;
}
