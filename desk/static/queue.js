// The queue keeps itself up to date: it asks every few seconds, and puts in what changed without moving anything
// under somebody's hands. Keys: c claims the chosen row, x ticks it.
"use strict";
(() => {
  const EVERY = 5_000;
  const form = document.getElementById("queue");
  const news = document.getElementById("news");
  if (!form) return;
  let stamp = form.dataset.stamp;
  let fresh = 0;

  const rows = () => [...form.querySelectorAll("[data-ref]")];
  const chosen = () => form.querySelector("[data-ref][aria-selected='true']");
  const inside = (element) => [...element.querySelectorAll("a, button, input")];

  async function look() {
    if (document.hidden) return;
    let answer;
    try {
      answer = await fetch(form.dataset.rowsAt, {
        headers: { "If-None-Match": `"${stamp}"`, "HX-Request": "true" },
        cache: "no-store",
      });
    } catch {
      say(news.dataset.away);
      return;
    }
    const elsewhere = answer.headers.get("HX-Redirect");
    if (elsewhere) location.assign(elsewhere);
    if (news.textContent === news.dataset.away) say("");
    if (answer.status !== 200) return;
    const told = new DOMParser().parseFromString(await answer.text(), "text/html");
    stamp = (answer.headers.get("ETag") ?? "").replaceAll('"', "").replace(/^W\//, "");
    keepingPlace(() => put(told));
    age();
  }

  function say(text) {
    if (news.textContent !== text) news.textContent = text;
  }

  function put(told) {
    const focused = document.activeElement?.closest?.("#views a")?.getAttribute("href");
    document.getElementById("views").replaceWith(told.getElementById("views"));
    if (focused) document.querySelector(`#views a[href="${CSS.escape(focused)}"]`)?.focus();
    const remind = told.getElementById("remind");
    document.title = remind.dataset.title;
    const reminded = document.getElementById("remind");
    if (reminded.innerHTML !== remind.innerHTML) reminded.innerHTML = remind.innerHTML;
    const list = told.getElementById("list");
    if (!list) return;
    const before = new Map(rows().map((row) => [row.dataset.ref, row]));
    const came = [...list.querySelectorAll("[data-ref]")].filter((row) => !before.has(row.dataset.ref));
    for (const row of came) row.classList.add("came");
    const body = form.querySelector("tbody");
    const comes = list.querySelector("tbody");
    if (!body || !comes) {
      document.getElementById("list").replaceWith(list);
    } else {
      const wanted = [...comes.children].map((row) => merged(before.get(row.dataset.ref), row));
      for (const row of rows()) if (!wanted.includes(row)) row.remove();
      wanted.forEach((row, at) => body.children[at] === row || body.insertBefore(row, body.children[at] ?? null));
    }
    if (came.length) say(news.dataset.new.replace("{n}", (fresh += came.length)));
  }

  // A row that shows the same stays as it is; one that does not takes over what was ticked, chosen and focused.
  function merged(old, row) {
    if (!old) return row;
    if (old.dataset.version === row.dataset.version) return old;
    row.querySelector("input").checked = old.querySelector("input").checked;
    if (old.hasAttribute("aria-selected")) row.setAttribute("aria-selected", old.getAttribute("aria-selected"));
    const at = inside(old).indexOf(document.activeElement);
    if (at >= 0) queueMicrotask(() => (inside(row)[at] ?? inside(row)[1]).focus({ preventScroll: true }));
    return row;
  }

  // What somebody looks at stays where it is on the screen, whatever came above it; so does the focus.
  function keepingPlace(change) {
    const focused = document.activeElement;
    const seen = focused?.closest?.("[data-ref]") ?? rows().find((row) => row.getBoundingClientRect().top >= 0);
    const reference = seen?.dataset.ref;
    const before = seen?.getBoundingClientRect().top;
    const scrolled = scrollY > 0;
    change();
    if (focused && focused.isConnected && document.activeElement !== focused) focused.focus({ preventScroll: true });
    const now = reference && form.querySelector(`[data-ref="${CSS.escape(reference)}"]`);
    if (now && scrolled) scrollBy(0, now.getBoundingClientRect().top - before);
  }

  // Times go on while nothing else changes.
  function age() {
    for (const time of form.querySelectorAll("time")) {
      const minutes = Math.floor((Date.now() - Date.parse(time.dateTime)) / 60_000);
      const { now, day, days, hours, minutes: short } = form.dataset;
      let text = now;
      if (minutes >= 2880) text = days.replace("{n}", Math.floor(minutes / 1440));
      else if (minutes >= 1440) text = day;
      else if (minutes >= 60) text = hours.replace("{n}", Math.floor(minutes / 60));
      else if (minutes >= 1) text = short.replace("{n}", minutes);
      if (time.firstChild.data !== text) time.firstChild.data = text;
    }
  }

  function count() {
    const ticked = form.querySelectorAll("input[name=case]:checked").length;
    const told = document.getElementById("chosen-count");
    if (!told) return;
    told.dataset.none ??= told.textContent;
    told.textContent = ticked ? told.dataset.text.replace("{n}", ticked) : told.dataset.none;
  }

  form.addEventListener("change", count);
  form.addEventListener("keydown", (event) => {
    if (event.key === "Enter" && event.target.matches("input")) event.preventDefault();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select")) return;
    if (event.key === "x" && chosen()) {
      chosen().querySelector("input").click();
    } else if (event.key === "c" && chosen()) {
      chosen().querySelector("[data-act=claim]")?.click();
    }
  });
  document.querySelector("#views [aria-current]")?.scrollIntoView({ inline: "nearest", block: "nearest" });
  setInterval(look, EVERY);
  setInterval(age, 30_000);
  document.addEventListener("visibilitychange", look);
})();
