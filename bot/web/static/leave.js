// Leaving at once: the button, or Shift three times. Kept apart from the chat, so that it works
// whatever becomes of the chat.
(() => {
  "use strict";

  const PRESSES = 3;
  const PATIENCE = 5000; // milliseconds between two presses

  const words = JSON.parse(document.body.dataset.words);
  const form = document.getElementById("exit");
  const spoken = document.getElementById("leaving");

  function leave() {
    const token = form.elements.token.value;
    document.dispatchEvent(new Event("leaving"));
    document.body.textContent = ""; // first of all, nothing can be read any more
    if (token) {
      fetch("/chat/sessions", {
        method: "DELETE",
        keepalive: true,
        headers: { Authorization: "Bearer " + token, "Content-Type": "application/json" },
        body: '{"erase": true}',
      }).catch(() => {});
    }
    location.replace("/exit");
  }

  form.addEventListener("submit", (event) => {
    event.preventDefault();
    leave();
  });

  // A page that the browser kept for Back shows nothing of what was said.
  window.addEventListener("pageshow", (event) => {
    if (event.persisted) {
      document.body.textContent = "";
      location.replace("/");
    }
  });

  let presses = 0;
  let alone = false; // Shift is down, and nothing else was pressed with it
  let timer = 0;

  function forget() {
    presses = 0;
    clearTimeout(timer);
    spoken.textContent = "";
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Shift") {
      alone = !event.repeat || alone;
    } else {
      alone = false;
      forget();
    }
  });

  document.addEventListener("pointerdown", () => {
    alone = false; // Shift and a click select text
  });

  document.addEventListener("keyup", (event) => {
    if (event.key !== "Shift" || !alone || event.ctrlKey || event.altKey || event.metaKey) return;
    alone = false;
    presses += 1;
    if (presses === PRESSES) {
      leave();
      return;
    }
    spoken.textContent = words[document.body.dataset.language].exit_progress.replace("{n}", presses);
    clearTimeout(timer);
    timer = setTimeout(forget, PATIENCE);
  });
})();
