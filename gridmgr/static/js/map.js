/* The maps of gridmgr: vector tiles drawn on a canvas inside Leaflet.
 *
 * Folium's script calls gridmgr.map, gridmgr.tileGroup and gridmgr.overlay with specifications made from the layer
 * declarations (gridmgr/core/layers/maps.py). Popups are built from text nodes only: no property can carry markup.
 */
(function () {
  "use strict";

  const TILE_PX = 512;
  const EXTENT = 4096;
  const PX = TILE_PX / EXTENT;
  const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans SC","Noto Sans CJK SC",sans-serif';
  const RATIO = Math.min(window.devicePixelRatio || 1, 2);
  let page = null; // the specification of the map on this page

  /* ── the map ─────────────────────────────────────────────────────────────────────────────────────────── */

  function makeMap(id, specification) {
    page = specification;
    const map = L.map(id, {
      zoomControl: false, minZoom: 9, maxZoom: 20, zoomSnap: 0.5, wheelPxPerZoomLevel: 90,
      attributionControl: false,
    });
    L.control.attribution({ prefix: false, position: "bottomright" }).addAttribution(page.attribution).addTo(map);
    L.control.scale({ imperial: false, position: "bottomright", maxWidth: 120 }).addTo(map);
    L.control.zoom({ position: "bottomright", zoomInTitle: page.words.zoom_in, zoomOutTitle: page.words.zoom_out })
      .addTo(map);
    map.gridmgr = { page, groups: [] };
    wait(map);
    setView(map);
    map.on("click", (event) => choose(map, event));
    const closeness = () => map.getContainer().classList.toggle("map-far", map.getZoom() < NUMBERS_FROM);
    map.on("zoomend", closeness);
    closeness();
    map.on("mousemove", throttle((event) => {
      map.getContainer().classList.toggle("over-feature", Boolean(hitAt(map, event.latlng)));
    }, 60));
    if (page.full) {
      addSearch(map);
      addLegend(map);
    }
    window.gridmgr.current = map;
    window.setTimeout(() => ready(map), 0);
    return map;
  }

  /* Until the first tiles are there the box says so; an open popup has the map to itself. */
  function wait(map) {
    const box = map.getContainer();
    box.dataset.waiting = page.words.loading;
    box.classList.add("map-waiting");
    map.on("popupopen popupclose", (event) => box.parentElement.classList.toggle("map-popup", event.type === "popupopen"));
  }

  /* Runs once Folium's script has added every layer. */
  function ready(map) {
    for (const overlay of overlaysOf(map)) { overlay.startsOn = map.hasLayer(overlay); }
    const wanted = page.full && address().get("layers");
    if (wanted !== false && wanted !== null) {
      const names = wanted.split(",");
      for (const overlay of overlaysOf(map)) {
        if (names.includes(overlay.spec.name)) { overlay.addTo(map); } else { overlay.remove(); }
      }
    }
    if (page.full) { map.on("moveend overlayadd overlayremove", () => rememberView(map)); }
    document.dispatchEvent(new CustomEvent("gridmgr:map", { detail: map }));
  }

  function overlaysOf(map) {
    return map.gridmgr.groups.flatMap((group) => group.overlays);
  }

  /* What the address says of the view; a file opened from disk may only change what stands behind the #. */
  function address() {
    return new URLSearchParams(page.inline ? location.hash.slice(1) : location.search);
  }

  function setView(map) {
    const loc = page.full && address().get("loc");
    const [lat, lon, zoom] = (loc || "").split(",").map(Number);
    if (loc && Number.isFinite(lat) && Number.isFinite(lon) && Math.abs(lat) <= 85 && Math.abs(lon) <= 180) {
      map.setView([lat, lon], Number.isFinite(zoom) ? zoom : 16);
    } else if (page.bounds) {
      map.fitBounds(page.bounds, { padding: [12, 12], maxZoom: 18, animate: false });
    } else {
      map.setView([35, 105], 9);
    }
  }

  function rememberView(map) {
    const centre = map.getCenter();
    const query = address();
    query.set("loc", [centre.lat.toFixed(5), centre.lng.toFixed(5), map.getZoom()].join(","));
    const overlays = overlaysOf(map);
    if (overlays.some((overlay) => overlay.startsOn !== map.hasLayer(overlay))) {
      query.set("layers", overlays.filter((o) => map.hasLayer(o)).map((o) => o.spec.name).join(","));
    } else {
      query.delete("layers");
    }
    history.replaceState(null, "", (page.inline ? "#" : "?") + query.toString().replace(/%2C/g, ","));
  }

  function throttle(work, ms) {
    let last = 0;
    return (event) => {
      const now = Date.now();
      if (now - last > ms) { last = now; work(event); }
    };
  }

  /* ── tiles ───────────────────────────────────────────────────────────────────────────────────────────── */

  /* Further layers lie between the backdrop and those that one came for. */
  function zOrder(spec) { return spec.onDemand ? 15 : spec.order * 10; }

  function addGroup(map, spec) {
    const group = new TileGroup(map, spec), groups = map.gridmgr.groups;
    groups.push(group);
    groups.sort((a, b) => zOrder(a.spec) - zOrder(b.spec));
    return spec.onDemand ? group : group.addTo(map);
  }

  const TileGroup = L.GridLayer.extend({
    initialize(map, spec) {
      this.on("load tileerror", () => map.getContainer().classList.remove("map-waiting"));
      L.GridLayer.prototype.initialize.call(this, {
        tileSize: TILE_PX, minNativeZoom: 1, minZoom: spec.fromZoom || 0, keepBuffer: 1, updateWhenZooming: false,
        zIndex: zOrder(spec), className: "gridmgr-tiles",
      });
      this.chart = map;
      this.spec = spec;
      this.source = spec.inline ? window.gridmgr.inlineSource(spec) : null; // inline.js: the data is in the page itself
      this.overlays = [];
      this.shown = new Set(spec.order === 1 ? spec.layers.map((layer) => layer.name) : []);
      this.on("tileunload", (event) => event.tile.abort && event.tile.abort.abort());
    },
    createTile(coords, done) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = TILE_PX * RATIO;
      canvas.abort = new AbortController();
      canvas.names = this.wanted().map((layer) => layer.name);
      this.load(coords, canvas.abort.signal).then(
        (tile) => { canvas.features = tile; this.paint(canvas, coords); done(null, canvas); },
        (error) => { if (error.name !== "AbortError") { notice(this._map, page.words.offline); } done(error, canvas); },
      );
      return canvas;
    },
    async load(coords, signal) {
      if (this.source) { return this.source.tile(coords.z - 1, coords.x, coords.y); }
      const names = this.wanted().filter((layer) => coords.z >= layer.minZoom).map((layer) => layer.name);
      if (!names.length) { return {}; }
      const url = this.spec.url.replace("{names}", names.join(",")).replace("{z}", coords.z - 1).replace("{x}", coords.x).replace("{y}", coords.y);
      const query = new URLSearchParams(this.spec.query).toString();
      const response = await window.gridmgrAsk(url + (query ? "?" + query : ""), { signal });
      if (!response.ok) { throw new Error(String(response.status)); }
      return decode(await response.arrayBuffer());
    },
    paint(canvas, coords) {
      const pen = canvas.getContext("2d");
      pen.setTransform(RATIO, 0, 0, RATIO, 0, 0);
      pen.clearRect(0, 0, TILE_PX, TILE_PX);
      const labels = [];
      for (const layer of this.spec.layers) {
        const features = canvas.features && canvas.features[layer.name];
        if (features && this.shown.has(layer.name) && coords.z >= layer.minZoom) {
          (PAINTERS[layer.name] || PAINTERS[layer.shape])(pen, features, layer, coords.z, labels);
        }
      }
      writeLabels(pen, labels);
    },
    /* The layers of which tiles are fetched: all, or those that are switched on. */
    wanted() {
      return this.spec.onDemand ? this.spec.layers.filter((layer) => this.shown.has(layer.name)) : this.spec.layers;
    },
    show(name, visible) {
      if (this.shown.has(name) === visible) { return; }
      if (visible) { this.shown.add(name); } else { this.shown.delete(name); }
      if (!this.spec.onDemand) { this.repaint(); return; }
      window.clearTimeout(this.settling); // several are switched at once when a page opens
      this.settling = window.setTimeout(() => this.settle(), 0);
    },
    /* On the map while one of its layers is on; fetched anew when a tile lacks one. */
    settle() {
      const there = this.chart.hasLayer(this);
      if (!this.shown.size) { this.remove(); return; }
      if (!there) { this.addTo(this.chart); return; }
      const lacking = Object.values(this._tiles).some(({ el }) => this.wanted().some((layer) => !el.names.includes(layer.name)));
      if (lacking) { this.remove().addTo(this.chart); } else { this.repaint(); } // redraw() asks for tiles of half zooms
    },
    repaint() {
      for (const { el, coords } of Object.values(this._tiles || {})) {
        if (el.features) { this.paint(el, coords); }
      }
    },
  });

  function decode(buffer) {
    const layers = {};
    if (!buffer.byteLength) { return layers; }
    const tile = new vectorTile.VectorTile(new vectorTile.PbfReader(new Uint8Array(buffer)));
    for (const name of Object.keys(tile.layers)) {
      const source = tile.layers[name];
      layers[name] = Array.from({ length: source.length }, (_, index) => {
        const feature = source.feature(index);
        return { id: feature.id, type: feature.type, properties: feature.properties, rings: feature.loadGeometry() };
      });
    }
    return layers;
  }

  /* ── painting: shapes ────────────────────────────────────────────────────────────────────────────────── */

  const POINT = 1, LINE = 2, AREA = 3;
  const NUMBERS_FROM = 15, SIGNS_FROM = 13;

  function trace(pen, feature) {
    for (const ring of feature.rings) {
      ring.forEach((p, i) => (i ? pen.lineTo(p.x * PX, p.y * PX) : pen.moveTo(p.x * PX, p.y * PX)));
      if (feature.type === AREA) { pen.closePath(); }
    }
  }

  function colourOf(layer, feature) {
    if (layer.colour === "branch") { return page.branches[feature.properties.colour % page.branches.length]; }
    const chosen = layer.by && layer.glyphs[feature.properties[layer.by]];
    return page.colours[chosen ? chosen[1] : layer.colour] || page.colours.ink;
  }

  /* What is there to be used is drawn whole; anything else as an outline that says what it is. */
  function isWhole(layer, feature) {
    return !layer.whole || layer.whole[1].includes(feature.properties[layer.whole[0]]);
  }

  function statusOf(spec, properties) {
    const field = spec.fields.find((each) => each.name === spec.whole[0]);
    return (field && field.choices[properties[spec.whole[0]]]) || String(properties[spec.whole[0]] ?? "");
  }

  function isFocus(layer, feature) {
    return page.focus && page.focus[0] === layer.name && String(page.focus[1]) === String(feature.id);
  }

  function stroke(pen, feature, colour, width) {
    pen.beginPath();
    trace(pen, feature);
    pen.lineJoin = pen.lineCap = "round";
    pen.strokeStyle = colour;
    pen.lineWidth = width;
    pen.stroke();
  }

  function fill(pen, feature, colour, alpha) {
    pen.beginPath();
    trace(pen, feature);
    pen.globalAlpha = alpha;
    pen.fillStyle = colour;
    pen.fill("evenodd");
    pen.globalAlpha = 1;
  }

  /* Width on screen of so many metres: what a road really takes up, from about zoom 16. */
  function metresToPx(metres, zoom) {
    return (metres / 156543.034 / 0.79) * 2 ** zoom;
  }

  function paintAreas(pen, features, layer, zoom, labels) {
    for (const feature of features) {
      if (layer.painted) { signOn(feature, layer, zoom, labels); }
      if (feature.type === POINT) { paintPoint(pen, feature, layer, zoom); continue; }
      const colour = colourOf(layer, feature), backdrop = layer.name in BACKDROP, whole = isWhole(layer, feature);
      if (whole) { fill(pen, feature, colour, backdrop ? 1 : 0.22); }
      if (!whole) { pen.setLineDash([5, 4]); }
      if (!backdrop) { stroke(pen, feature, colour, layer.width * (isFocus(layer, feature) ? 3 : whole ? 1 : 1.5)); }
      pen.setLineDash([]);
      if (layer.label && zoom >= 13) { labelArea(pen, feature, layer, colour, zoom, labels); }
    }
  }

  /* Ground that is barred is hatched, so that no other area looks like it on any screen. */
  function paintBarred(pen, features, layer, zoom, labels) {
    paintAreas(pen, features, layer, zoom, labels);
    for (const feature of features.filter((each) => each.type === AREA)) {
      pen.save();
      pen.beginPath();
      trace(pen, feature);
      pen.clip("evenodd");
      pen.beginPath();
      for (let x = -TILE_PX; x < TILE_PX; x += 8) { pen.moveTo(x, TILE_PX); pen.lineTo(x + TILE_PX, 0); }
      pen.strokeStyle = colourOf(layer, feature);
      pen.globalAlpha = 0.6;
      pen.lineWidth = 1;
      pen.stroke();
      pen.restore();
    }
  }

  /* A thing's own character, once it shows near enough to have room. */
  function signOn(feature, layer, zoom, labels) {
    const ring = feature.rings[0], [x, y] = feature.type === POINT ? [ring[0].x * PX, ring[0].y * PX] : middle(ring);
    if (zoom < Math.max(layer.minZoom + 1, SIGNS_FROM) || !inside(x, y, 10)) { return; }
    labels.push({ x, y, text: layer.glyph, sign: colourOf(layer, feature), ink: "#fff", width: 18, size: 11 });
  }

  function paintLines(pen, features, layer, zoom) {
    for (const feature of features) {
      stroke(pen, feature, colourOf(layer, feature), layer.width * (isFocus(layer, feature) ? 1.8 : 1));
    }
  }

  /* One thing is a spot; what is counted says how many. */
  function paintPoint(pen, feature, layer, zoom) {
    if (feature.properties.n !== undefined) { paintCount(pen, feature, layer, zoom); return; }
    const p = feature.rings[0][0];
    pen.beginPath();
    pen.arc(p.x * PX, p.y * PX, isFocus(layer, feature) ? 9 : zoom >= 16 ? 6 : 4, 0, 2 * Math.PI);
    pen.fillStyle = colourOf(layer, feature);
    pen.fill();
    pen.strokeStyle = "#fff";
    pen.lineWidth = 1.5;
    pen.stroke();
  }

  /* How many there are about here: a plain dot over the whole city, with the number from NUMBERS_FROM on. */
  function paintCount(pen, feature, layer, zoom) {
    const p = feature.rings[0][0], n = feature.properties.n || 1, numbered = zoom >= NUMBERS_FROM;
    const radius = numbered ? countRadius(n) : 2 + Math.sqrt(n) * 0.3, x = p.x * PX, y = p.y * PX;
    pen.beginPath();
    pen.arc(x, y, radius, 0, 2 * Math.PI);
    pen.fillStyle = page.colours[layer.colour];
    pen.globalAlpha = numbered ? 0.85 : 0.45;
    pen.fill();
    pen.globalAlpha = 1;
    if (!numbered) { return; }
    pen.fillStyle = "#fff";
    pen.font = `600 9px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillText(String(n), x, y + 0.5);
  }

  function countRadius(n) {
    return Math.min(7 + Math.sqrt(n) * 0.4, 14);
  }

  const ROAD_WIDTHS = { // by OpenStreetMap class: pixels at zoom 13
    motorway: 4, trunk: 4, primary: 3.4, secondary: 2.8, tertiary: 2, unclassified: 1.3, residential: 1.1,
    living_street: 1, service: 0.7,
  };
  const BACKDROP = { water: 1, parks: 1, markets: 1, carriageways: 1 };

  function paintCarriageways(pen, features, layer, zoom) {
    const widths = features.map((feature) => {
      const base = ROAD_WIDTHS[feature.properties.highway.replace("_link", "")] || 1;
      const drawn = base * (feature.properties.link ? 0.6 : 1) * 1.35 ** (Math.min(zoom, 17) - 13);
      return zoom >= 16 ? Math.max(drawn, metresToPx(feature.properties.width_m, zoom)) : drawn;
    });
    features.forEach((f, i) => widths[i] > 0.5 && stroke(pen, f, page.colours.road_casing, widths[i] + 1.4));
    features.forEach((f, i) => widths[i] > 0.5 && stroke(pen, f, page.colours.road, widths[i]));
  }

  function paintSections(pen, features, layer, zoom, labels) {
    const width = Math.max(3, Math.min(4.5 + (zoom - 12) * 0.6, 8));
    features.forEach((feature) => stroke(pen, feature, "#fff", width + 2));
    for (const feature of features) {
      const others = page.own && feature.properties.branch !== page.own;
      pen.globalAlpha = others ? 0.4 : 1;
      stroke(pen, feature, colourOf(layer, feature), isFocus(layer, feature) ? width + 4 : others ? width * 0.7 : width);
      pen.globalAlpha = 1;
      if (zoom >= 13) { badge(feature, colourOf(layer, feature), labels); }
    }
  }

  function paintRoads(pen, features, layer, zoom, labels) {
    for (const feature of features) {
      if (isFocus(layer, feature)) {
        pen.globalAlpha = 0.4; // broad, so that it shows on both sides of the sections that lie over it
        stroke(pen, feature, page.colours.drop_off, 18);
        pen.globalAlpha = 1;
      }
      const important = feature.properties["class"] !== "local";
      if (zoom >= (important ? 13.5 : 15.5)) { nameAlong(pen, feature, labels, important); }
    }
  }

  function paintBays(pen, features, layer, zoom) {
    for (const feature of features) {
      if (feature.type === POINT) { paintCount(pen, feature, layer, zoom); continue; }
      const whole = isWhole(layer, feature);
      fill(pen, feature, whole ? page.colours.bay_fill : "#fff", 0.95);
      stroke(pen, feature, page.colours.bay, isFocus(layer, feature) ? 4 : zoom >= 18 ? 1.4 : 0.7);
      if (zoom >= 19) { letter(pen, feature, bayLetter(feature.properties.kind)); }
    }
  }
  function bayLetter(kind) {
    return { large: page.words.large_short, accessible: "♿", charging: page.words.charging_short }[kind] || "P";
  }

  function paintPandaLanes(pen, features, layer, zoom) {
    for (const feature of features) {
      const width = Math.max(3, Math.min(metresToPx(2, zoom), 12));
      stroke(pen, feature, "#fff", width + 2);
      stroke(pen, feature, page.colours.panda, width);
      pen.setLineDash([width * 1.5, width * 1.5]);
      pen.lineCap = "butt";
      pen.beginPath();
      trace(pen, feature);
      pen.strokeStyle = "#fff";
      pen.lineWidth = width * 0.55;
      pen.stroke();
      pen.setLineDash([]);
    }
  }

  function paintPitches(pen, features, layer, zoom) {
    for (const feature of features) {
      const whole = isWhole(layer, feature), taken = feature.properties.taken;
      if (whole) { fill(pen, feature, taken ? page.colours.pitch_taken : page.colours.pitch_free, 1); }
      if (!whole) { pen.setLineDash([3, 3]); }
      stroke(pen, feature, page.colours.ink, isFocus(layer, feature) ? 3 : whole ? 1 : 0.7);
      pen.setLineDash([]);
      if (zoom >= 19) { letter(pen, feature, feature.properties.number, whole && taken ? "#fff" : page.colours.ink); }
    }
  }

  const PAINTERS = {
    area: paintAreas, marker: paintAreas, line: paintLines, carriageways: paintCarriageways, sections: paintSections,
    roads: paintRoads, bays: paintBays, "panda-lanes": paintPandaLanes, pitches: paintPitches,
    "no-vending-areas": paintBarred,
  };

  /* ── painting: words ─────────────────────────────────────────────────────────────────────────────────── */

  function letter(pen, feature, text, colour) {
    const [x, y] = middle(feature.rings[0]);
    pen.font = `600 10px ${FONT}`;
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.fillStyle = colour || page.colours.bay;
    pen.fillText(text, x, y);
  }

  function middle(ring) {
    const xs = ring.map((p) => p.x), ys = ring.map((p) => p.y);
    return [((Math.min(...xs) + Math.max(...xs)) / 2) * PX, ((Math.min(...ys) + Math.max(...ys)) / 2) * PX];
  }

  function nameAlong(pen, feature, labels, important) {
    const text = feature.properties[page.language === "en" ? "name_en" : "name"] || feature.properties.name;
    const size = important ? 12 : 11;
    pen.font = `${important ? 600 : 400} ${size}px ${FONT}`;
    const width = pen.measureText(text).width + 8;
    for (const ring of feature.rings) {
      const spot = straightSpot(ring, width);
      if (spot) { labels.push({ ...spot, text, size, width, important, ink: page.colours.ink }); return; }
    }
  }

  /* A place on the line, inside the tile, where it runs straight enough for `width` pixels of text. */
  function straightSpot(ring, width) {
    const points = ring.map((p) => [p.x * PX, p.y * PX]);
    const steps = [0];
    for (let i = 1; i < points.length; i++) {
      steps.push(steps[i - 1] + Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]));
    }
    const total = steps[steps.length - 1];
    if (total < width * 1.3) { return null; }
    for (const share of [0.5, 0.35, 0.65, 0.2, 0.8]) {
      const from = at(points, steps, total * share - width / 2), to = at(points, steps, total * share + width / 2);
      if (!from || !to) { continue; }
      const chord = Math.hypot(to[0] - from[0], to[1] - from[1]);
      const x = (from[0] + to[0]) / 2, y = (from[1] + to[1]) / 2;
      if (chord > width * 0.94 && inside(x, y, width / 2 + 4)) {
        let angle = Math.atan2(to[1] - from[1], to[0] - from[0]);
        if (angle > Math.PI / 2) { angle -= Math.PI; }
        if (angle < -Math.PI / 2) { angle += Math.PI; }
        return { x, y, angle };
      }
    }
    return null;
  }

  function at(points, steps, distance) {
    if (distance < 0 || distance > steps[steps.length - 1]) { return null; }
    let i = 1;
    while (i < steps.length - 1 && steps[i] < distance) { i++; }
    const share = (distance - steps[i - 1]) / (steps[i] - steps[i - 1] || 1);
    return [0, 1].map((k) => points[i - 1][k] + share * (points[i][k] - points[i - 1][k]));
  }

  function inside(x, y, margin) {
    return x > margin && y > margin && x < TILE_PX - margin && y < TILE_PX - margin;
  }

  function badge(feature, colour, labels) {
    const ring = feature.rings.reduce((a, b) => (b.length > a.length ? b : a));
    const spot = straightSpot(ring, 20);
    if (spot) { labels.push({ x: spot.x, y: spot.y, text: feature.properties.branch, badge: colour, width: 22, size: 11 }); }
  }

  /* A place's name in its middle, or below its pin. */
  function labelArea(pen, feature, layer, colour, zoom, labels) {
    const text = feature.properties[layer.label];
    if (!text) { return; }
    const ring = feature.rings[0], [x, centre] = middle(ring), pinned = layer.glyph && zoom >= layer.markerZoom;
    const y = centre + (pinned ? 20 : 0);
    pen.font = `400 11px ${FONT}`;
    const width = pen.measureText(text).width + 6;
    const xs = ring.map((p) => p.x * PX);
    if (Math.max(...xs) - Math.min(...xs) > width && inside(x, y, width / 2 + 2)) {
      labels.push({ x, y, text, size: 11, width, ink: layer.name in BACKDROP ? "#5f6f78" : colour });
    }
  }

  function writeLabels(pen, labels) {
    const taken = [];
    labels.sort((a, b) => Boolean(b.important) - Boolean(a.important));
    for (const label of labels) {
      const reach = label.badge ? 12 : label.width / 2;
      const across = Math.abs(Math.cos(label.angle || 0)) * reach + 9, down = Math.abs(Math.sin(label.angle || 0)) * reach + 9;
      const box = [label.x - across, label.y - down, label.x + across, label.y + down];
      if (taken.some((b) => box[0] < b[2] && box[2] > b[0] && box[1] < b[3] && box[3] > b[1])) { continue; }
      taken.push(box);
      writeLabel(pen, label);
    }
  }

  const HAN = /^[\u3400-\u9fff]+$/;

  /* A Chinese name on a steep road: its characters stand upright, one below the other along the road. */
  function stack(pen, label) {
    const step = label.size + 1.5, down = label.angle > 0 ? 1 : -1;
    pen.lineWidth = 3.5;
    pen.lineJoin = "round";
    pen.strokeStyle = "rgba(255,255,255,.92)";
    const spots = [...label.text].map((sign, index) => {
      const along = (index - (label.text.length - 1) / 2) * step * down;
      return [sign, Math.cos(label.angle) * along, Math.sin(label.angle) * along];
    });
    spots.forEach(([sign, x, y]) => pen.strokeText(sign, x, y));
    pen.fillStyle = label.ink;
    spots.forEach(([sign, x, y]) => pen.fillText(sign, x, y));
  }

  function writeLabel(pen, label) {
    pen.save();
    pen.translate(label.x, label.y);
    pen.textAlign = "center";
    pen.textBaseline = "middle";
    pen.font = `${label.important || label.badge || label.sign ? 600 : 400} ${label.size}px ${FONT}`;
    if (Math.abs(label.angle || 0) > Math.PI / 4 && HAN.test(label.text)) { stack(pen, label); pen.restore(); return; }
    pen.rotate(label.angle || 0);
    if (label.badge) {
      pen.beginPath();
      pen.arc(0, 0, 10, 0, 2 * Math.PI);
      pen.fillStyle = "#fff";
      pen.fill();
      pen.lineWidth = 2.5;
      pen.strokeStyle = label.badge;
      pen.stroke();
    } else if (label.sign) {
      pen.beginPath();
      pen.roundRect(-8, -8, 16, 16, 3);
      pen.fillStyle = label.sign;
      pen.fill();
      pen.lineWidth = 1.5;
      pen.strokeStyle = "#fff";
      pen.stroke();
    } else {
      pen.lineWidth = 3.5;
      pen.lineJoin = "round";
      pen.strokeStyle = "rgba(255,255,255,.92)";
      pen.strokeText(label.text, 0, 0);
    }
    pen.fillStyle = label.ink || page.colours.ink;
    pen.fillText(label.text, 0, 0.5);
    pen.restore();
  }

  /* ── overlays: what the layer control switches ───────────────────────────────────────────────────────── */

  const Overlay = L.Layer.extend({
    initialize(group, spec) {
      this.group = group;
      this.spec = { ...group.spec.layers.find((layer) => layer.name === spec.name), ...spec };
      this.markers = L.layerGroup();
      group.overlays.push(this);
    },
    onAdd(map) {
      this.group.show(this.spec.name, true);
      if (this.spec.markers) {
        map.on("zoomend", this.showMarkers, this);
        this.loadMarkers().then(() => this.showMarkers());
      }
    },
    onRemove(map) {
      this.group.show(this.spec.name, false);
      map.off("zoomend", this.showMarkers, this);
      this.markers.remove();
    },
    showMarkers() {
      if (!this._map) { return; }
      const visible = this._map.getZoom() >= (this.spec.markerZoom || 0) && this._map.hasLayer(this);
      if (visible) { this.markers.addTo(this._map); } else { this.markers.remove(); }
    },
    async loadMarkers() {
      if (this.loaded) { return; }
      this.loaded = true;
      for (const feature of await this.points()) {
        if (feature.geometry) { this.markers.addLayer(pin(this.spec, feature, this.group.spec.onDemand ? PIN_ABOVE : PIN_THERE)); }
      }
    },
    async points() {
      if (this.group.source) { return this.group.source.points(this.spec.name); }
      const query = new URLSearchParams({ ...this.spec.query, points: "1" });
      const response = await window.gridmgrAsk(`${this.spec.markers}?${query}`).catch(() => ({ ok: false }));
      return response.ok ? (await response.json()).features : [];
    },
  });

  /* The layer control, with a heading over the layers that are fetched on demand. */
  const Switches = L.Control.Layers.extend({
    _addItem(entry) {
      const label = L.Control.Layers.prototype._addItem.call(this, entry), group = entry.layer.group;
      if (group.spec.onDemand && entry.layer === group.overlays[0]) { label.before(element("p", "layers-heading", group.spec.title)); }
      return label;
    },
  });

  /* Where a pin's icon has its place: further layers stand above the pins of those that one came for. */
  const PIN_THERE = [14, 14], PIN_ABOVE = [14, 40];

  function pin(spec, feature, anchor) {
    const [lon, lat] = feature.geometry.coordinates;
    const properties = feature.properties;
    const [glyph, colour] = (spec.by && spec.glyphs[properties[spec.by]]) || [spec.glyph, spec.colour];
    const whole = isWhole(spec, feature), sign = element("span", whole ? "pin-sign" : "pin-sign pin-outline", glyph);
    sign.style[whole ? "backgroundColor" : "color"] = page.colours[colour];
    const body = element("span", "pin-body");
    body.append(sign);
    if (!whole) {
      body.append(element("span", "pin-count pin-status", statusOf(spec, properties)));
    } else if (properties.free !== undefined && properties.free !== null) {
      body.append(element("span", "pin-count", `${page.words.free_short}${properties.free}`));
    }
    const name = String(properties[spec.heading] || ""), said = whole ? name : `${name} ${statusOf(spec, properties)}`;
    const marker = L.marker([lat, lon], {
      icon: L.divIcon({ className: "pin", html: body, iconSize: [28, 28], iconAnchor: anchor }), title: said, alt: `${spec.title} ${said}`,
    });
    marker.on("click keypress", (event) => {
      if (event.type === "keypress" && event.originalEvent.key !== "Enter") { return; }
      openPopup(marker._map, spec, { properties, id: feature.id }, marker.getLatLng());
    });
    return marker;
  }

  /* ── choosing a feature ──────────────────────────────────────────────────────────────────────────────── */

  function choose(map, event) {
    const hit = hitAt(map, event.latlng);
    if (!hit) { return; }
    if (hit.feature.properties.n !== undefined && hit.feature.type === POINT) {
      map.setView(event.latlng, Math.min(map.getZoom() + 2, 17));
      return;
    }
    openPopup(map, hit.layer, hit.feature, event.latlng);
  }

  function hitAt(map, latlng) {
    for (const group of [...map.gridmgr.groups].reverse()) {
      if (group.spec.order === 1) { continue; }
      const hit = hitInGroup(map, group, latlng);
      if (hit) { return hit; }
    }
    return null;
  }

  function hitInGroup(map, group, latlng) {
    const zoom = group._tileZoom;
    if (zoom === undefined) { return null; }
    const world = map.project(latlng, zoom), x = Math.floor(world.x / TILE_PX), y = Math.floor(world.y / TILE_PX);
    const tile = Object.values(group._tiles).find(({ coords }) => coords.x === x && coords.y === y && coords.z === zoom);
    if (!tile || !tile.el.features) { return null; }
    const px = world.x - x * TILE_PX, py = world.y - y * TILE_PX;
    for (const layer of [...group.spec.layers].reverse()) {
      if (!group.shown.has(layer.name) || zoom < layer.minZoom) { continue; }
      const feature = (tile.el.features[layer.name] || []).find((each) => touches(each, px, py, layer));
      if (feature) { return { layer, feature }; }
    }
    return null;
  }

  function touches(feature, x, y, layer) {
    if (feature.type === POINT) {
      const p = feature.rings[0][0];
      return Math.hypot(p.x * PX - x, p.y * PX - y) <= countRadius(feature.properties.n || 1);
    }
    if (feature.type === AREA && holds(feature.rings, x, y)) { return true; }
    return feature.rings.some((ring) => nearLine(ring, x, y, feature.type === LINE ? 8 : 3));
  }

  function holds(rings, x, y) {
    let within = false;
    for (const ring of rings) {
      for (let i = 0, j = ring.length - 1; i < ring.length; j = i++) {
        const a = ring[i], b = ring[j];
        if (a.y * PX > y !== b.y * PX > y && x < ((b.x - a.x) * PX * (y - a.y * PX)) / ((b.y - a.y) * PX) + a.x * PX) {
          within = !within;
        }
      }
    }
    return within;
  }

  function nearLine(ring, x, y, reach) {
    for (let i = 1; i < ring.length; i++) {
      const ax = ring[i - 1].x * PX, ay = ring[i - 1].y * PX, dx = ring[i].x * PX - ax, dy = ring[i].y * PX - ay;
      const share = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
      if (Math.hypot(ax + share * dx - x, ay + share * dy - y) <= reach) { return true; }
    }
    return false;
  }

  /* ── popups, from text nodes only ────────────────────────────────────────────────────────────────────── */

  function element(tag, className, text) {
    const made = document.createElement(tag);
    if (className) { made.className = className; }
    if (text !== undefined) { made.textContent = text; }
    return made;
  }

  function openPopup(map, spec, feature, latlng) {
    const properties = feature.properties;
    const body = element("div", "card");
    body.append(element("p", "card-kind", spec.title));
    if (properties[spec.heading]) { body.append(element("p", "card-title", String(properties[spec.heading]))); }
    const facts = element("dl", "card-facts"), site = spec.name === "sites";
    if (site) { body.append(...siteRows(spec, properties)); }
    for (const field of site ? [] : spec.fields) {
      if (page.onFoot && METRES.has(field.name)) { continue; }
      if (field.name === spec.heading || field.name === "colour" || field.name === "demo") { continue; }
      if (SECONDS.has(field.name) || (field.name === "state" && properties.status !== undefined)) { continue; }
      const pair = PAIRS[field.name], label = pair ? page.words[pair.label] : field.label;
      const said = pair ? pair.say(properties[field.name], properties[pair.second]) : say(properties[field.name], field);
      if (said) { facts.append(element("dt", "", label), element("dd", "", said)); }
    }
    if (!site) { body.append(facts); }
    if (properties.demo) { body.append(element("p", "card-demo", page.words.demo)); }
    const key = properties.key ?? feature.id;
    if (spec.page) {
      const link = element("a", "card-link card-page", page.words.open);
      link.href = spec.page.replace("{key}", encodeURIComponent(key));
      const links = element("p", "card-links");
      if (spec.way) {
        const way = element("a", "card-link", page.words.way);
        way.href = spec.way.replace("{key}", encodeURIComponent(key));
        links.append(way);
        if (page.onFoot && !site && properties.side !== undefined) { sayWhere(way.href, facts); }
      }
      links.append(link);
      body.append(links);
    }
    L.popup({ maxWidth: 300, minWidth: 200, autoPanPadding: [16, 16] }).setLatLng(latlng).setContent(body).openOn(map);
  }

  /* Of a stall what somebody on the street asks: open or not, and free pitches. */
  function siteRows(spec, properties) {
    const rows = [];
    if (!isWhole(spec, { properties })) { return [element("p", "card-state", statusOf(spec, properties))]; }
    rows.push(element("p", "card-state", openness(properties)));
    if (properties.free !== undefined && properties.free !== null) {
      rows.push(element("p", "card-free", page.words.free.replace("%(n)s", properties.free)));
    }
    return rows;
  }

  /* Now, by this device's clock; of another day its hours. */
  function openness({ opens, closes }) {
    const from = String(opens).slice(0, 5), to = String(closes).slice(0, 5);
    if (new URLSearchParams(location.search).get("date") || page.inline) { return `${from}–${to}`; }
    const now = new Date().toTimeString().slice(0, 5);
    const open = from < to ? from <= now && now < to : now >= from || now < to;
    return open ? `● ${page.words.open_until.replace("%(time)s", to)}` : `○ ${page.words.opens_at.replace("%(time)s", from)}`;
  }

  /* Where a thing is, in the words that people on the street use, once the server has said. */
  async function sayWhere(href, facts) {
    const place = element("dd", "", "…");
    facts.prepend(element("dt", "", page.words.where), place);
    const said = await fetch(href, { headers: { Accept: "application/json" } }).then((answer) => (answer.ok ? answer.json() : {}), () => ({}));
    place.textContent = said.where || "—";
  }

  function say(value, field) {
    if (value === null || value === undefined || value === "") { return ""; }
    if (field.kind === "choice") { return field.choices[value] || String(value); }
    if (field.kind === "bool") { return value ? page.words.yes : page.words.no; }
    if (field.kind === "metres") { return metres(Number(value)); }
    if (field.kind === "time") { return String(value).slice(0, 5); }
    return String(value);
  }

  /* Fields that read as one, as in the lists: both ends of a stretch, of the day's hours, of a range of days. */
  const PAIRS = {
    from_m: { second: "to_m", label: "metres_along", say: (low, high) => `${whole(low)}–${whole(high)} m` },
    opens: { second: "closes", label: "hours", say: (from, to) => (from && to ? `${from.slice(0, 5)}–${to.slice(0, 5)}` : "") },
    season_from: { second: "season_to", label: "season", say: days },
    since: { second: "until", label: "period", say: days },
  };
  const METRES = new Set(["road", "side", "from_m", "to_m"]);
  const SECONDS = new Set(Object.values(PAIRS).map((pair) => pair.second));

  function whole(value) { return Math.round(Number(value)).toLocaleString("en"); }

  /* A range of days in words, from its first day to its last. */
  function days(first, last) {
    if (!first) { return ""; }
    const format = new Intl.DateTimeFormat(page.language === "en" ? "en-GB" : page.language, { dateStyle: "long", timeZone: "UTC" });
    const said = format.format(new Date(first));
    if (!last) { return page.words.from.replace("%(from)s", said); }
    return page.words.from_to.replace("%(from)s", said).replace("%(to)s", format.format(new Date(last)));
  }

  function metres(value) {
    if (value >= 10000) { return `${(value / 1000).toFixed(1)} km`; }
    return `${value < 100 && value % 1 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} m`;
  }

  /* ── search, legend, notices ─────────────────────────────────────────────────────────────────────────── */

  function control(position, build) {
    const made = L.control({ position });
    made.onAdd = () => {
      const box = build();
      L.DomEvent.disableClickPropagation(box);
      L.DomEvent.disableScrollPropagation(box);
      return box;
    };
    return made;
  }

  function addSearch(map) {
    control("topleft", () => {
      const box = element("div", "map-search leaflet-bar");
      const input = element("input");
      input.type = "search";
      input.placeholder = page.words.search;
      input.setAttribute("aria-label", page.words.search);
      input.setAttribute("autocomplete", "off");
      const list = element("ul", "map-search-results");
      list.hidden = true;
      let waiting = 0;
      input.addEventListener("input", () => {
        window.clearTimeout(waiting);
        waiting = window.setTimeout(() => suggest(map, input, list), 200);
      });
      input.addEventListener("keydown", (event) => {
        if (event.key === "Escape") { list.hidden = true; }
        if (event.key === "ArrowDown" && list.querySelector("button")) { list.querySelector("button").focus(); }
        if (event.key === "Enter") { event.preventDefault(); const first = list.querySelector("button"); if (first) { first.click(); } }
      });
      box.append(input, list);
      return box;
    }).addTo(map);
  }

  async function suggest(map, input, list) {
    const words = input.value.trim();
    if (!words) { list.hidden = true; return; }
    const found = page.inline ? findInline(map, words) : await ask(words);
    if (!found || input.value.trim() !== words) { return; }
    list.replaceChildren(...found.map((each) => suggestion(map, each, list)));
    if (!found.length) { list.append(element("li", "map-search-nothing", page.words.nothing)); }
    list.hidden = false;
  }

  async function ask(words) {
    const response = await window.gridmgrAsk(`/search/suggest?${new URLSearchParams({ q: words })}`).catch(() => ({ ok: false }));
    return response.ok ? (await response.json()).filter((each) => each.bbox || each.lon !== undefined) : null;
  }

  function findInline(map, words) {
    return map.gridmgr.groups.filter((group) => group.source).reverse().flatMap((group) => group.source.find(words)).slice(0, 12);
  }

  function suggestion(map, found, list) {
    const item = element("li"), button = element("button");
    button.type = "button";
    button.append(element("span", "", found.title), element("small", "", found.subtitle || ""));
    button.addEventListener("click", () => {
      list.hidden = true;
      if (found.bbox) {
        const [west, south, east, north] = found.bbox;
        map.fitBounds([[south, west], [north, east]], { maxZoom: 18, padding: [40, 40] });
      } else {
        map.setView([found.lat, found.lon], 18);
      }
    });
    item.append(button);
    return item;
  }

  function addLegend(map) {
    control("bottomleft", () => {
      const box = element("details", "map-legend leaflet-bar");
      box.open = window.innerWidth > 800;
      box.append(element("summary", "", page.words.legend));
      const list = element("ul");
      for (const entry of page.legend) {
        for (const [glyph, colour, words] of entry.signs) { list.append(legendRow(entry, glyph, colour, words)); }
        if (entry.apart) { list.append(legendRow(entry, entry.signs[0][0], entry.signs[0][1], entry.apart, true)); }
      }
      box.append(list);
      for (const branch of page.branchList || []) { list.append(branchRow(map, branch)); }
      const refresh = () => {
        for (const row of list.querySelectorAll("[data-layer]")) {
          const overlay = overlaysOf(map).find((each) => each.spec.name === row.dataset.layer);
          row.hidden = !(overlay && map.hasLayer(overlay));
        }
      };
      map.on("overlayadd overlayremove", refresh);
      document.addEventListener("gridmgr:map", refresh);
      return box;
    }).addTo(map);
  }

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

  function branchRow(map, branch) {
    const row = element("li");
    const link = element("button", "legend-branch");
    link.type = "button";
    const sign = element("span", "legend-number", branch.code);
    sign.style.borderColor = page.branches[branch.colour % page.branches.length];
    link.append(sign, element("span", "", branch.name));
    link.addEventListener("click", () => {
      const [west, south, east, north] = branch.bbox;
      map.fitBounds([[south, west], [north, east]], { padding: [24, 24] });
    });
    row.append(link);
    return row;
  }

  function notice(map, words) {
    if (!map || map.gridmgr.notice) { return; }
    const box = control("topleft", () => {
      const made = element("div", "map-notice", words);
      made.setAttribute("role", "status");
      return made;
    }).addTo(map);
    map.gridmgr.notice = box;
    window.setTimeout(() => { box.remove(); map.gridmgr.notice = null; }, 6000);
  }

  /* ── what Folium's script calls ──────────────────────────────────────────────────────────────────────── */

  window.gridmgr = {
    map: makeMap,
    tileGroup: addGroup,
    switches: (overlays) => new Switches({}, overlays, { collapsed: true }),
    overlay: (group, spec) => new Overlay(group, spec),
    metres,
    element,
    decode,
    current: null,
  };
})();
