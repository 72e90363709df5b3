/* The plan is sent; when somebody was quicker, both versions stand side by side. */

import { byId, element, pushButton } from "../dom.js";
import { post } from "./asking.js";
import { draft } from "./draft.js";
import { button, here, note, plan, start, words } from "./page.js";

/** @param {(words: string) => void} fail */
export async function save(fail) {
  const place = here();
  if (!place || !plan.shown) { return; }
  button("save").disabled = true;
  note(words.saving);
  const data = start.site ? { ...draft(place), version: plan.version } : draft(place);
  try {
    const saved = await post(start.urls.save, data);
    note(words.saved);
    location.assign(saved.url);
  } catch (error) {
    if (error.status === 409 && error.body.fields) { showConflict(error.body, fail); } else { fail(error.message); }
    button("save").disabled = false;
  }
}

/**
 * What is on this page stays as it is.
 * @param {{ fields: string[][], error: string, version: number }} body
 * @param {(words: string) => void} fail
 */
function showConflict(body, fail) {
  const place = byId("plan-conflict"), table = element("table"), head = element("tr");
  head.append(...[words.field, words.mine, words.theirs].map((text) => element("th", "", text)));
  table.append(head, ...body.fields.map((cells) => {
    const row = element("tr");
    row.append(...cells.map((text) => element("td", "", text)));
    return row;
  }));
  const mine = pushButton("button", words.save_mine, () => { plan.version = body.version; place.hidden = true; save(fail); });
  const theirs = pushButton("button quiet", words.take_theirs, () => location.reload());
  const actions = element("div", "plan-actions");
  actions.append(theirs, mine);
  place.replaceChildren(element("p", "", body.error), table, actions);
  place.hidden = false;
  place.scrollIntoView({ block: "nearest" });
}
