/* What is made is what the preview shows: after another choice the preview comes first. Both tell that they are under way. */

import { all, one } from "./dom.js";

for (const form of all("form[data-sending]")) {
  form.addEventListener("submit", () => {
    const button = /** @type {HTMLButtonElement} */ (one("button", form));
    button.textContent = form.dataset.sending || "";
    setTimeout(() => { button.disabled = true; }, 0);
  });
}
addEventListener("pageshow", (event) => { if (event.persisted) { location.reload(); } });

const choice = document.querySelector(".briefing-form"), make = document.querySelector(".briefing-make");
if (choice && make) {
  const button = /** @type {HTMLButtonElement} */ (one("button", make)), refresh = one("button", choice);
  choice.addEventListener("change", () => {
    button.disabled = true;
    refresh.classList.remove("quiet");
    one("[data-changed]", make).hidden = false;
  });
}
