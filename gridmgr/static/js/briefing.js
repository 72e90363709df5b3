// What is made is what the preview shows: after another choice the preview comes first. Both tell that they are under way.
(() => {
  "use strict";
  for (const form of document.querySelectorAll("form[data-sending]")) {
    form.addEventListener("submit", () => {
      const button = form.querySelector("button");
      button.textContent = form.dataset.sending;
      setTimeout(() => { button.disabled = true; }, 0);
    });
  }
  addEventListener("pageshow", (event) => { if (event.persisted) location.reload(); });

  const choice = document.querySelector(".briefing-form"), make = document.querySelector(".briefing-make");
  if (!choice || !make) return;
  const button = make.querySelector("button"), refresh = choice.querySelector("button");
  choice.addEventListener("change", () => {
    button.disabled = true;
    refresh.classList.remove("quiet");
    make.querySelector("[data-changed]").hidden = false;
  });
})();
