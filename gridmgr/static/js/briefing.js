// What is made is what the preview shows: after another choice the preview comes first.
(() => {
  "use strict";
  const choice = document.querySelector(".briefing-form"), make = document.querySelector(".briefing-make");
  if (!choice || !make) return;
  const button = make.querySelector("button"), refresh = choice.querySelector("button");
  choice.addEventListener("change", () => {
    button.disabled = true;
    refresh.classList.remove("quiet");
    make.querySelector("[data-changed]").hidden = false;
  });
})();
