/* The data of a map file that is opened without a server: vector tiles are cut here, from one tile over everything.
 *
 * `spec.inline` says where the data lies: { west, south } in metres of EPSG:3857, `unit` metres per step, `extent` steps,
 * and `data`, by order of the group the ids of the elements that hold it in base64 (`points` holds the markers).
 */
(function () {
  "use strict";

  const HALF_WORLD = 20037508.342789244;
  const EXTENT = 4096, BUFFER = 64, CELLS_ACROSS = 12;
  const POINT = 1;
  const FOUND_AT_MOST = 12;

  function bytesOf(id) {
    const text = atob(document.getElementById(id).textContent);
    const bytes = new Uint8Array(text.length);
    for (let i = 0; i < text.length; i++) { bytes[i] = text.charCodeAt(i); }
    return bytes;
  }

  function bounded(feature) {
    let left = Infinity, top = Infinity, right = -Infinity, bottom = -Infinity;
    for (const ring of feature.rings) {
      for (const p of ring) {
        if (p.x < left) { left = p.x; }
        if (p.x > right) { right = p.x; }
        if (p.y < top) { top = p.y; }
        if (p.y > bottom) { bottom = p.y; }
      }
    }
    feature.box = [left, top, right, bottom];
    return feature;
  }

  class Source {
    constructor(spec) {
      this.spec = spec;
      this.place = spec.inline;
      const layers = window.gridmgr.decode(bytesOf(this.place.data[spec.order]).buffer);
      this.features = {};
      for (const name of Object.keys(layers)) { this.features[name] = layers[name].map(bounded); }
    }

    /* The tile z/x/y as the server would give it: whole features, or counts per cell where the layer wants them. */
    tile(z, x, y) {
      const size = (2 * HALF_WORLD) / 2 ** z, scale = (this.place.unit / size) * EXTENT;
      const west = -HALF_WORLD + x * size, north = HALF_WORLD - y * size;
      const top = this.place.south + this.place.extent * this.place.unit;
      const cut = { scale, dx: ((this.place.west - west) / size) * EXTENT, dy: ((north - top) / size) * EXTENT };
      const tile = {};
      for (const layer of this.spec.layers) {
        const near = (this.features[layer.name] || []).filter((feature) => meets(feature.box, cut));
        tile[layer.name] = z < layer.clusteredBelow ? counts(near, cut) : near.map((feature) => moved(feature, cut));
      }
      return tile;
    }

    points(name) {
      this.markers = this.markers || JSON.parse(new TextDecoder().decode(bytesOf(this.place.points)));
      return this.markers[name] || [];
    }

    /* Features whose name, number or code holds the words: those that begin with them first. */
    find(words) {
      const wanted = words.toLowerCase(), found = [];
      for (const layer of this.spec.layers) {
        if (layer.name === "carriageways" || layer.name === "sections" || layer.name === "pitches") { continue; }
        const seen = new Set();
        for (const feature of this.features[layer.name] || []) {
          const title = String(feature.properties[layer.heading] ?? "");
          const said = [title, feature.properties.code, feature.properties.name_en];
          const at = Math.min(...said.map((text) => rank(text, wanted)));
          if (at < 2 && !seen.has(title)) {
            seen.add(title);
            found.push({ at, title, subtitle: layer.title, bbox: this.degrees(feature.box) });
          }
        }
      }
      return found.sort((a, b) => a.at - b.at).slice(0, FOUND_AT_MOST);
    }

    degrees([left, top, right, bottom]) {
      const { west, south, unit, extent } = this.place, height = south + extent * unit;
      const lon = (steps) => ((west + steps * unit) / HALF_WORLD) * 180;
      const lat = (steps) => (360 / Math.PI) * Math.atan(Math.exp(((height - steps * unit) / HALF_WORLD) * Math.PI)) - 90;
      return [lon(left), lat(bottom), lon(right), lat(top)];
    }
  }

  function rank(text, wanted) {
    const at = String(text ?? "").toLowerCase().indexOf(wanted);
    return at < 0 ? 2 : Math.min(at, 1);
  }

  function meets([left, top, right, bottom], { scale, dx, dy }) {
    return right * scale + dx >= -BUFFER && left * scale + dx <= EXTENT + BUFFER
      && bottom * scale + dy >= -BUFFER && top * scale + dy <= EXTENT + BUFFER;
  }

  function moved(feature, { scale, dx, dy }) {
    const rings = feature.rings.map((ring) => ring.map((p) => ({ x: p.x * scale + dx, y: p.y * scale + dy })));
    return { id: feature.id, type: feature.type, properties: feature.properties, rings };
  }

  function counts(features, { scale, dx, dy }) {
    const cells = new Map(), side = EXTENT / CELLS_ACROSS;
    for (const { box } of features) {
      const x = ((box[0] + box[2]) / 2) * scale + dx, y = ((box[1] + box[3]) / 2) * scale + dy;
      const key = `${Math.floor(x / side)},${Math.floor(y / side)}`;
      const cell = cells.get(key) || { n: 0, x: 0, y: 0 };
      cells.set(key, { n: cell.n + 1, x: cell.x + x, y: cell.y + y });
    }
    return [...cells.values()].map(({ n, x, y }) => (
      { type: POINT, properties: { n }, rings: [[{ x: x / n, y: y / n }]] }
    ));
  }

  window.gridmgr.inlineSource = (spec) => new Source(spec);
})();
