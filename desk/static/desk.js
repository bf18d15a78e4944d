// The desk by keyboard. Everything here can also be done without it.
//
//   data-go="q"    on a link: g and then q goes there
//   data-key="c"   on a link, button or field: c presses or focuses it
//   data-rows      on a list: j and k move between its children, Enter follows the first link of the chosen one
"use strict";

const WRITING = "input, textarea, select, [contenteditable]";
let going = 0;

function chosenRow() {
  return document.querySelector("[data-rows] > [aria-selected='true']");
}

function choose(row) {
  if (!row) return;
  chosenRow()?.setAttribute("aria-selected", "false");
  row.setAttribute("aria-selected", "true");
  (row.querySelector("a, button") ?? row).focus({ preventScroll: true });
  row.scrollIntoView({ block: "nearest" });
}

function move(by) {
  const rows = [...document.querySelectorAll("[data-rows] > *")].filter((row) => !row.hidden);
  const at = rows.indexOf(chosenRow());
  choose(rows[at < 0 ? 0 : Math.max(0, Math.min(rows.length - 1, at + by))]);
}

function press(element) {
  if (element.matches(WRITING)) element.focus();
  else element.click();
}

document.addEventListener("keydown", (event) => {
  const dialog = document.getElementById("keys");
  if (event.ctrlKey || event.metaKey || event.altKey || event.isComposing) return;
  if (event.target.closest(WRITING) || (document.querySelector("dialog[open]") && event.key !== "?")) return;
  const wentFirst = Date.now() - going < 1500;
  going = 0;
  const wanted = CSS.escape(event.key);
  let found = null;
  if (wentFirst) found = document.querySelector(`[data-go="${wanted}"]`);
  else if (event.key === "g") going = Date.now();
  else if (event.key === "?") dialog.open ? dialog.close() : dialog.showModal();
  else if (event.key === "j" || event.key === "k") move(event.key === "j" ? 1 : -1);
  else if (event.key === "Enter" && chosenRow() && event.target === chosenRow()) found = chosenRow().querySelector("a");
  else found = document.querySelector(`[data-key="${wanted}"]`);
  if (found) {
    event.preventDefault();
    press(found);
  }
});

// On a phone the places go past the edge: the one that is open is in sight.
document.querySelector(".places [aria-current]")?.scrollIntoView({ inline: "center", block: "nearest" });

// A press too many sends nothing twice.
document.addEventListener("submit", (event) => {
  const form = event.target;
  if (form.method !== "post") return;
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "1";
});
window.addEventListener("pageshow", () => {
  for (const form of document.querySelectorAll("form[data-sent]")) delete form.dataset.sent;
});
