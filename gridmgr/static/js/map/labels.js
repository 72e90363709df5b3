/* Words on the tiles: gathered while shapes are painted, written last, none upon another. */

import { PX, inside, middle, straightSpot } from "./geometry.js";
import { page } from "./page.js";

export const FONT = '"PingFang SC","Microsoft YaHei","Noto Sans SC","Noto Sans CJK SC",sans-serif';
const HALO = "rgba(255,255,255,.92)";
const HAN = /^[\u3400-\u9fff]+$/;

/** @typedef {CanvasRenderingContext2D} Pen */

/**
 * A short text in the middle of a small shape.
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {string} text
 * @param {string} colour
 */
export function letter(pen, feature, text, colour) {
  const [x, y] = middle(feature.rings[0]);
  pen.font = `600 10px ${FONT}`;
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.fillStyle = colour;
  pen.fillText(text, x, y);
}

/**
 * A road's name along it.
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {number} size
 * @param {boolean} important
 * @param {Label[]} labels
 */
export function nameAlong(pen, feature, size, important, labels) {
  const text = feature.properties[page.language === "en" ? "name_en" : "name"] || feature.properties.name;
  pen.font = `${important ? 600 : 400} ${size}px ${FONT}`;
  const width = pen.measureText(text).width + 8;
  for (const ring of feature.rings) {
    const spot = straightSpot(ring, width);
    if (spot) { labels.push({ ...spot, text, size, width, important, ink: page.colours.ink }); return; }
  }
}

/**
 * A short text in a disc on the line.
 * @param {TileFeature} feature
 * @param {string} text
 * @param {string} colour
 * @param {Label[]} labels
 */
export function badge(feature, text, colour, labels) {
  const ring = feature.rings.reduce((a, b) => (b.length > a.length ? b : a));
  const spot = straightSpot(ring, 20);
  if (spot) { labels.push({ x: spot.x, y: spot.y, text, badge: colour, width: 22, size: 11 }); }
}

/**
 * A place's name in its middle, or so many pixels below it.
 * @param {Pen} pen
 * @param {TileFeature} feature
 * @param {string} text
 * @param {{ ink: string, below: number }} how
 * @param {Label[]} labels
 */
export function nameIn(pen, feature, text, { ink, below }, labels) {
  if (!text) { return; }
  const ring = feature.rings[0], [x, centre] = middle(ring), y = centre + below;
  pen.font = `400 11px ${FONT}`;
  const width = pen.measureText(text).width + 6;
  const xs = ring.map((p) => p.x * PX);
  if (Math.max(...xs) - Math.min(...xs) > width && inside(x, y, width / 2 + 2)) { labels.push({ x, y, text, size: 11, width, ink }); }
}

/**
 * The labels that have room, the important first.
 * @param {Label[]} labels
 * @returns {Label[]}
 */
export function withRoom(labels) {
  /** @type {[number, number, number, number][]} */
  const taken = [];
  const ordered = [...labels].sort((a, b) => Number(Boolean(b.important)) - Number(Boolean(a.important)));
  return ordered.filter((label) => {
    const reach = label.badge ? 12 : label.width / 2, angle = label.angle || 0;
    const across = Math.abs(Math.cos(angle)) * reach + 9, down = Math.abs(Math.sin(angle)) * reach + 9;
    const [left, top, right, bottom] = [label.x - across, label.y - down, label.x + across, label.y + down];
    if (taken.some((b) => left < b[2] && right > b[0] && top < b[3] && bottom > b[1])) { return false; }
    taken.push([left, top, right, bottom]);
    return true;
  });
}

/**
 * @param {Pen} pen
 * @param {Label[]} labels
 */
export function writeLabels(pen, labels) {
  for (const label of withRoom(labels)) { writeLabel(pen, label); }
}

/**
 * A Chinese name on a steep road: its characters stand upright, one below the other along the road.
 * @param {Pen} pen
 * @param {Label} label
 * @param {number} angle
 */
function stack(pen, label, angle) {
  const step = label.size + 1.5, down = angle > 0 ? 1 : -1, signs = [...label.text];
  const spots = signs.map((sign, index) => {
    const along = (index - (label.text.length - 1) / 2) * step * down;
    return { sign, x: Math.cos(angle) * along, y: Math.sin(angle) * along };
  });
  haloed(pen);
  spots.forEach(({ sign, x, y }) => pen.strokeText(sign, x, y));
  pen.fillStyle = label.ink || page.colours.ink;
  spots.forEach(({ sign, x, y }) => pen.fillText(sign, x, y));
}

/** @param {Pen} pen */
function haloed(pen) {
  pen.lineWidth = 3.5;
  pen.lineJoin = "round";
  pen.strokeStyle = HALO;
}

/**
 * @param {Pen} pen
 * @param {Label} label
 */
function writeLabel(pen, label) {
  const angle = label.angle || 0;
  pen.save();
  pen.translate(label.x, label.y);
  pen.textAlign = "center";
  pen.textBaseline = "middle";
  pen.font = `${label.important || label.badge || label.sign ? 600 : 400} ${label.size}px ${FONT}`;
  if (Math.abs(angle) > Math.PI / 4 && HAN.test(label.text)) {
    stack(pen, label, angle);
  } else {
    pen.rotate(angle);
    paintGround(pen, label);
    pen.fillStyle = label.ink || page.colours.ink;
    pen.fillText(label.text, 0, 0.5);
  }
  pen.restore();
}

/**
 * What a label stands on: a disc, a plate, or a halo.
 * @param {Pen} pen
 * @param {Label} label
 */
function paintGround(pen, label) {
  if (!label.badge && !label.sign) {
    haloed(pen);
    pen.strokeText(label.text, 0, 0);
    return;
  }
  pen.beginPath();
  if (label.badge) { pen.arc(0, 0, 10, 0, 2 * Math.PI); } else { pen.roundRect(-8, -8, 16, 16, 3); }
  pen.fillStyle = label.sign || "#fff";
  pen.fill();
  pen.lineWidth = label.badge ? 2.5 : 1.5;
  pen.strokeStyle = label.badge || "#fff";
  pen.stroke();
}
