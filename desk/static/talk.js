// The conversation with a person keeps itself up to date; the end of it stays in sight.
"use strict";
(() => {
  const EVERY = 4_000;
  const box = document.getElementById("said");
  if (!box) return;
  const toEnd = () => (box.scrollTop = box.scrollHeight);
  toEnd();

  async function look() {
    if (document.hidden || document.querySelector("dialog[open]")) return;
    let answer;
    try {
      const path = `${box.dataset.saidAt}?stamp=${encodeURIComponent(box.dataset.stamp)}`;
      answer = await fetch(path, { headers: { "HX-Request": "true" }, cache: "no-store" });
    } catch {
      return; // asked again soon
    }
    if (answer.status !== 200) return;
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const said = page.querySelector("[data-stamp]");
    if (!said) return;
    const atEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 40;
    box.dataset.stamp = said.dataset.stamp;
    box.replaceChildren(...said.childNodes);
    if (atEnd) toEnd();
  }
  setInterval(look, EVERY);
})();
