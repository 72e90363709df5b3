/* Values as people read them. Words come from the page, in its language. */

/**
 * `words` with each %(name)s filled in.
 * @param {string} words
 * @param {Record<string, string | number>} values
 */
export function filled(words, values) {
  return words.replace(/%\((\w+)\)s/g, (whole, name) => (name in values ? String(values[name]) : whole));
}

/**
 * Metres with their unit; kilometres from ten on.
 * @param {number} value
 */
export function metres(value) {
  if (value >= 10000) { return `${(value / 1000).toFixed(1)} km`; }
  return `${value < 100 && value % 1 ? value.toFixed(1) : Math.round(value).toLocaleString("en")} m`;
}

/**
 * Both ends of a stretch.
 * @param {number | string} low
 * @param {number | string} high
 */
export function stretch(low, high) {
  const whole = (/** @type {number | string} */ value) => Math.round(Number(value)).toLocaleString("en");
  return `${whole(low)}–${whole(high)} m`;
}

/**
 * Both ends of the day's hours: "08:00:00" is read as 08:00.
 * @param {unknown} from
 * @param {unknown} to
 */
export function hours(from, to) {
  return from && to ? `${String(from).slice(0, 5)}–${String(to).slice(0, 5)}` : "";
}

/**
 * A formatter of days as the page's language writes them.
 * @param {string} language
 */
export function dayFormat(language) {
  return new Intl.DateTimeFormat(language === "en" ? "en-GB" : language, { dateStyle: "long", timeZone: "UTC" });
}

/**
 * A range of days in words, from its first day to its last.
 * @param {string | null | undefined} first
 * @param {string | null | undefined} last
 * @param {{ language: string, words: Words }} page
 */
export function days(first, last, { language, words }) {
  if (!first) { return ""; }
  const format = dayFormat(language), from = format.format(new Date(first));
  if (!last) { return filled(words.from, { from }); }
  return filled(words.from_to, { from, to: format.format(new Date(last)) });
}

/**
 * Whether the hours hold at a time of the day, all as HH:MM; they may run over midnight.
 * @param {string} from
 * @param {string} to
 * @param {string} now
 */
export function isOpenAt(from, to, now) {
  return from < to ? from <= now && now < to : now >= from || now < to;
}

/**
 * A property of a feature; '' for one that isn't there.
 * @param {any} value
 * @param {FieldSpec} field
 * @param {Words} words
 */
export function said(value, field, words) {
  if (value === null || value === undefined || value === "") { return ""; }
  if (field.kind === "choice") { return field.choices[value] || String(value); }
  if (field.kind === "bool") { return value ? words.yes : words.no; }
  if (field.kind === "metres") { return metres(Number(value)); }
  if (field.kind === "time") { return String(value).slice(0, 5); }
  return String(value);
}

/**
 * A time of the day, as 08:05.
 * @param {Date} moment
 */
export function clock(moment) {
  return moment.toLocaleTimeString("zh-CN", { hour: "2-digit", minute: "2-digit" });
}
