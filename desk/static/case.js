// The page of a case: covers it at a key press and when nobody is there, says when something changed, copies links,
// and ticks several at once.
"use strict";
(() => {
  const EVERY = 10_000;
  const top = document.getElementById("top");
  const cover = document.getElementById("cover");
  if (!top) return;

  // ------------------------------------------------------------ covering

  const button = document.getElementById("cover-it");
  let idle = 0;
  button.hidden = false;
  button.addEventListener("click", () => cover.showModal());
  document.addEventListener("keydown", (event) => {
    if (event.key === "b" && cover.open && !event.ctrlKey && !event.metaKey) {
      event.preventDefault();
      event.stopImmediatePropagation();
      cover.close();
    }
  }, true);
  for (const sign of ["pointerdown", "pointermove", "keydown", "scroll"]) {
    document.addEventListener(sign, () => (idle = Date.now()), { passive: true, capture: true });
  }
  idle = Date.now();
  setInterval(() => {
    if (!cover.open && Date.now() - idle > top.dataset.coverAfter * 1000) {
      for (const other of document.querySelectorAll("dialog[open]")) other.close();
      cover.showModal();
    }
  }, 1000);

  // ------------------------------------------------------------ what changed elsewhere

  const written = () => [...document.querySelectorAll("main textarea:not([readonly])")].filter((box) => box.value.trim());

  // Nothing of the case stays on the screen, but what somebody was writing does, with its form.
  function leave(why) {
    const forms = new Set(written().map((box) => box.form).filter(Boolean));
    document.querySelector("main").replaceChildren(document.getElementById(why).content, ...forms);
    clearInterval(looking);
  }

  async function look() {
    if (document.hidden) return;
    let answer;
    try {
      answer = await fetch(top.dataset.stampAt, {
        headers: { "If-None-Match": `"${top.dataset.stamp}"`, "HX-Request": "true" },
        cache: "no-store",
      });
    } catch {
      return; // asked again soon
    }
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere && written().length) leave("ended");
    else if (elsewhere) location.assign(elsewhere);
    else if (answer.status === 404) leave("erased");
    else if (answer.status === 403) leave("gone");
    else if (answer.status === 200) document.getElementById("changed").hidden = false;
  }
  const looking = setInterval(look, EVERY);
  document.addEventListener("visibilitychange", look);

  // ------------------------------------------------------------ printing

  const print = document.getElementById("print");
  print.hidden = false;
  print.addEventListener("click", () => window.print());

  // ------------------------------------------------------------ links

  const boxes = [...document.querySelectorAll("table.links input[name=link]")];
  const all = document.getElementById("all-links");
  const copying = document.getElementById("copying");
  let last = -1;

  boxes.forEach((box, at) =>
    box.addEventListener("click", (event) => {
      if (event.shiftKey && last >= 0) {
        for (let i = Math.min(at, last); i <= Math.max(at, last); i++) boxes[i].checked = box.checked;
      }
      last = at;
      if (all) all.checked = boxes.every((each) => each.checked);
    }),
  );
  if (all) {
    all.hidden = false;
    all.addEventListener("change", () => boxes.forEach((box) => (box.checked = all.checked)));
  }
  if (copying) {
    copying.hidden = false;
    copying.addEventListener("click", async (event) => {
      const kind = event.target.dataset.copy;
      if (!kind) return;
      const ticked = boxes.filter((box) => box.checked);
      const rows = (ticked.length ? ticked : boxes).map((box) => box.closest("tr"));
      const said = document.getElementById("copied");
      try {
        await navigator.clipboard.writeText(rows.map((row) => row.dataset[kind]).join("\n"));
        said.textContent = copying.dataset.done.replace("{n}", rows.length);
      } catch {
        said.textContent = copying.dataset.failed;
      }
    });
  }
})();
