/* What the rules say, in words: the verdict, then a row for each rule. */

import { byId, element } from "../dom.js";
import { filled } from "../format.js";
import { words } from "./page.js";

/** @type {Record<string, string>} */
export const SIGNS = { good: "✓", warn: "!", bad: "✗", due: "!", unknown: "?" };
const ORDER = ["bad", "warn", "due", "unknown", "good"];
/** Rules whose words the planner opened. @type {Set<string>} */
const unfolded = new Set();

/** @param {Answer} answer */
export function tell(answer) {
  const says = byId("plan-verdict");
  says.dataset.state = answer.state;
  says.textContent = summary(answer, words);
  const rows = [...answer.verdicts].sort((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state));
  byId("plan-rules").replaceChildren(...rows.map(ruleRow));
}

/**
 * The verdict in one line. What may turn out otherwise on the spot is said beside it, not only in its row.
 * @param {Pick<Answer, "state" | "verdicts">} answer
 * @param {Words} words
 */
export function summary({ state, verdicts }, words) {
  const count = (/** @type {string} */ wanted) => verdicts.filter((each) => each.state === wanted).length;
  const told = {
    unruled: `? ${words.unruled}`,
    bad: `✗ ${filled(words.some_bad, { n: count("bad") })}`,
    warn: `! ${filled(words.some_warn, { n: count("warn") })}`,
    good: `✓ ${words.all_good}`,
  }[state];
  return state !== "bad" && verdicts.some((each) => each.to_measure) ? `${told} · ${words.to_measure}` : told;
}

/** @param {Verdict} verdict */
function ruleRow(verdict) {
  const item = element("li"), row = element("details"), head = element("summary");
  item.dataset.state = verdict.state;
  item.dataset.code = verdict.code;
  row.open = isBroken(verdict) || unfolded.has(verdict.code);
  head.addEventListener("click", () => { if (row.open) { unfolded.delete(verdict.code); } else { unfolded.add(verdict.code); } });
  const sign = element("span"), mark = element("span", "plan-sign", SIGNS[verdict.state]);
  mark.setAttribute("role", "img");
  mark.setAttribute("aria-label", words[verdict.state]);
  sign.append(mark);
  head.append(sign, element("strong", "", verdict.what), element("span", "plan-figures", figures(verdict, words)));
  row.append(head, moreOf(verdict));
  item.append(row);
  return item;
}

/** @param {Verdict} verdict */
function moreOf(verdict) {
  const more = element("p", "plan-more", verdict.sentence);
  if (verdict.culprit && verdict.culprit.link) {
    const link = element("a", "", ` ${words.link}`);
    link.href = verdict.culprit.link;
    link.target = "_blank";
    link.rel = "noopener";
    more.append(link);
  }
  return more;
}

/** @param {Pick<Verdict, "state">} verdict */
export function isBroken(verdict) { return verdict.state === "bad" || verdict.state === "warn"; }

/**
 * What was found beside what is required: "18.4 m < 20".
 * @param {Pick<Verdict, "state" | "check" | "found" | "required" | "unit">} verdict
 * @param {Words} words
 */
export function figures(verdict, words) {
  if (verdict.required === null) { return words[verdict.state]; }
  const most = verdict.check === "area_max", broken = isBroken(verdict);
  const sign = most ? (broken ? ">" : "≤") : (broken ? "<" : "≥");
  const found = verdict.found === null ? "— " : `${short(verdict.found)} ${verdict.unit}`;
  return `${found} ${sign} ${short(verdict.required)}`;
}

/**
 * Rounded down: what is short of 20 m must not read as 20 m.
 * @param {number} value
 */
export function short(value) { return String(Math.floor(value * 10 + 0.005) / 10); }
