/* What the layer control switches: a layer of a group's tiles, with its pins. */

import { ask } from "../ask.js";
import { element } from "../dom.js";
import { page } from "./page.js";
import { openPopup } from "./popup.js";
import { isWhole, statusOf } from "./style.js";

/* Where a pin's icon has its place: further layers stand above the pins of those that one came for. */
const PIN_THERE = /** @type {L.PointTuple} */ ([14, 14]), PIN_ABOVE = /** @type {L.PointTuple} */ ([14, 40]);

export class Overlay extends L.Layer {
  /**
   * @param {TileGroup} group
   * @param {OverlaySpec} spec
   */
  constructor(group, spec) {
    super();
    this.group = group;
    const layer = group.spec.layers.find((each) => each.name === spec.name);
    if (!layer) { throw new Error(`no layer ${spec.name} in the group`); }
    this.spec = { ...layer, ...spec };
    this.pins = L.layerGroup();
    this.loaded = false;
    this.startsOn = false;
    group.overlays.push(this);
  }

  /** @param {L.Map} map */
  onAdd(map) {
    this.group.show(this.spec.name, true);
    if (this.spec.markers) {
      map.on("zoomend", this.showPins, this);
      this.loadPins().then(() => this.showPins());
    }
    return this;
  }

  /** @param {L.Map} map */
  onRemove(map) {
    this.group.show(this.spec.name, false);
    map.off("zoomend", this.showPins, this);
    this.pins.remove();
    return this;
  }

  showPins() {
    if (!this._map) { return; }
    const visible = this._map.getZoom() >= (this.spec.markerZoom || 0) && this._map.hasLayer(this);
    if (visible) { this.pins.addTo(this._map); } else { this.pins.remove(); }
  }

  async loadPins() {
    if (this.loaded) { return; }
    this.loaded = true;
    const anchor = this.group.spec.onDemand ? PIN_ABOVE : PIN_THERE;
    for (const feature of await this.points()) {
      if (feature.geometry) { this.pins.addLayer(pin(this.spec, feature, feature.geometry.coordinates, anchor)); }
    }
  }

  /** @returns {Promise<PointFeature[]>} */
  async points() {
    if (this.group.source) { return this.group.source.points(this.spec.name); }
    const query = new URLSearchParams({ ...this.spec.query, points: "1" });
    const response = await ask(`${this.spec.markers}?${query}`).catch(() => null);
    return response && response.ok ? (await response.json()).features : [];
  }
}

/** The layer control, with a heading over the layers that are fetched on demand. */
export class Switches extends L.Control.Layers {
  /** @param {{ layer: Overlay }} entry */
  _addItem(entry) {
    const parent = /** @type {any} */ (L.Control.Layers.prototype);
    const label = parent._addItem.call(this, entry), group = entry.layer.group;
    if (group.spec.onDemand && entry.layer === group.overlays[0]) { label.before(element("p", "layers-heading", group.spec.title)); }
    return label;
  }
}

/**
 * @param {LayerSpec} spec
 * @param {PointFeature} feature
 * @param {[number, number]} at
 * @param {L.PointTuple} anchor
 */
function pin(spec, feature, [lon, lat], anchor) {
  const properties = feature.properties, whole = isWhole(spec, properties);
  const name = String(properties[spec.heading] || ""), title = whole ? name : `${name} ${statusOf(spec, properties)}`;
  const icon = L.divIcon({ className: "pin", html: pinBody(spec, properties, whole), iconSize: [28, 28], iconAnchor: anchor });
  const marker = L.marker([lat, lon], { icon, title, alt: `${spec.title} ${title}` });
  marker.on("click keypress", (event) => {
    if (event.type === "keypress" && /** @type {any} */ (event).originalEvent.key !== "Enter") { return; }
    openPopup(/** @type {any} */ (marker)._map, spec, { properties, id: feature.id }, marker.getLatLng());
  });
  return marker;
}

/**
 * @param {LayerSpec} spec
 * @param {Record<string, any>} properties
 * @param {boolean} whole
 */
function pinBody(spec, properties, whole) {
  const [glyph, colour] = (spec.by && spec.glyphs[properties[spec.by]]) || [spec.glyph, spec.colour];
  const sign = element("span", whole ? "pin-sign" : "pin-sign pin-outline", glyph), body = element("span", "pin-body");
  sign.style[whole ? "backgroundColor" : "color"] = page.colours[colour];
  body.append(sign);
  if (!whole) {
    body.append(element("span", "pin-count pin-status", statusOf(spec, properties)));
  } else if (properties.free !== undefined && properties.free !== null) {
    body.append(element("span", "pin-count", `${page.words.free_short}${properties.free}`));
  }
  return body;
}
