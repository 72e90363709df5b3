/* Tiles and places on them: a tile is TILE_PX wide on screen, its features lie on a grid of EXTENT steps. */

export const TILE_PX = 512;
export const EXTENT = 4096;
export const PX = TILE_PX / EXTENT;
export const POINT = 1, LINE = 2, AREA = 3; // as vector tiles number them

/**
 * Width on screen of so many metres at the latitude of the city's maps: what a road really takes up, from about zoom 16.
 * @param {number} metres
 * @param {number} zoom
 */
export function metresToPx(metres, zoom) {
  return (metres / 156543.034 / 0.79) * 2 ** zoom;
}

/**
 * The middle of the box around a ring, in pixels.
 * @param {Point[]} ring
 * @returns {[number, number]}
 */
export function middle(ring) {
  const xs = ring.map((p) => p.x), ys = ring.map((p) => p.y);
  return [((Math.min(...xs) + Math.max(...xs)) / 2) * PX, ((Math.min(...ys) + Math.max(...ys)) / 2) * PX];
}

/**
 * Whether a place is on the tile, at least `margin` pixels from its edge.
 * @param {number} x
 * @param {number} y
 * @param {number} margin
 */
export function inside(x, y, margin) {
  return x > margin && y > margin && x < TILE_PX - margin && y < TILE_PX - margin;
}

/**
 * A place on the line, inside the tile, where it runs straight enough for `width` pixels of text, and the angle that
 * keeps the text upright.
 * @param {Point[]} ring
 * @param {number} width
 */
export function straightSpot(ring, width) {
  const points = ring.map((p) => [p.x * PX, p.y * PX]);
  const steps = [0];
  for (let i = 1; i < points.length; i++) {
    steps.push(steps[i - 1] + Math.hypot(points[i][0] - points[i - 1][0], points[i][1] - points[i - 1][1]));
  }
  const total = steps[steps.length - 1];
  if (total < width * 1.3) { return null; }
  for (const share of [0.5, 0.35, 0.65, 0.2, 0.8]) {
    const from = along(points, steps, total * share - width / 2), to = along(points, steps, total * share + width / 2);
    if (!from || !to) { continue; }
    const chord = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const x = (from[0] + to[0]) / 2, y = (from[1] + to[1]) / 2;
    if (chord > width * 0.94 && inside(x, y, width / 2 + 4)) {
      return { x, y, angle: upright(Math.atan2(to[1] - from[1], to[0] - from[0])) };
    }
  }
  return null;
}

/** @param {number} angle */
function upright(angle) {
  if (angle > Math.PI / 2) { return angle - Math.PI; }
  return angle < -Math.PI / 2 ? angle + Math.PI : angle;
}

/**
 * The point so far along a line whose points lie at `steps`.
 * @param {number[][]} points
 * @param {number[]} steps
 * @param {number} distance
 */
function along(points, steps, distance) {
  if (distance < 0 || distance > steps[steps.length - 1]) { return null; }
  let i = 1;
  while (i < steps.length - 1 && steps[i] < distance) { i++; }
  const share = (distance - steps[i - 1]) / (steps[i] - steps[i - 1] || 1);
  return [0, 1].map((k) => points[i - 1][k] + share * (points[i][k] - points[i - 1][k]));
}

/**
 * Pixels of the disc that says how many there are.
 * @param {number} n
 */
export function countRadius(n) {
  return Math.min(7 + Math.sqrt(n) * 0.4, 14);
}

/**
 * Whether a tap at (x, y) pixels of the tile means the feature.
 * @param {TileFeature} feature
 * @param {number} x
 * @param {number} y
 */
export function touches(feature, x, y) {
  if (feature.type === POINT) {
    const p = feature.rings[0][0];
    return Math.hypot(p.x * PX - x, p.y * PX - y) <= countRadius(feature.properties.n || 1);
  }
  if (feature.type === AREA && holds(feature.rings, x, y)) { return true; }
  return feature.rings.some((ring) => isNear(ring, x, y, feature.type === LINE ? 8 : 3));
}

/**
 * Whether the point is inside an odd number of the rings.
 * @param {Point[][]} rings
 * @param {number} x
 * @param {number} y
 */
export function holds(rings, x, y) {
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

/**
 * Whether the line comes within `reach` pixels of the point.
 * @param {Point[]} ring
 * @param {number} x
 * @param {number} y
 * @param {number} reach
 */
export function isNear(ring, x, y, reach) {
  for (let i = 1; i < ring.length; i++) {
    const ax = ring[i - 1].x * PX, ay = ring[i - 1].y * PX, dx = ring[i].x * PX - ax, dy = ring[i].y * PX - ay;
    const share = Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / (dx * dx + dy * dy || 1)));
    if (Math.hypot(ax + share * dx - x, ay + share * dy - y) <= reach) { return true; }
  }
  return false;
}
