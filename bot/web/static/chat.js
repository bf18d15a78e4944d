// The chat in the page: takes over the forms, talks JSON, and keeps the transcript in the page alone.
// Nothing is stored in the browser. Without this file every form works by itself.
(() => {
  "use strict";

  const WAITS = [1000, 2000, 4000, 8000]; // milliseconds before a message that got no answer is sent again
  const PATIENCE = 20000; // milliseconds to wait for an answer
  const SLOW = 4000; // milliseconds after which the person is told
  const LONGEST = 4000; // characters of one message
  const LONGEST_LINKS = 16000; // where links are asked for
  const LOOK = 4000; // milliseconds between two looks for a colleague's message
  const COUNTED = 200; // characters left from which they are counted aloud
  const LANGS = { en: "en", zh_Hant_HK: "zh-Hant-HK" };
  const SET_APART =
    /(https?:\/\/[^\s<>"'，。、；：（）「」『』]*[^\s<>"'，。、；：（）「」『』.,;:!?)\]])|(\b\d{4}(?:[ -]?\d{4}){3}\b)|\bTD-[A-Z\d]{4}\b/g;

  const body = document.body;
  const byId = (id) => document.getElementById(id);
  const words = JSON.parse(body.dataset.words);
  const handheld = matchMedia("(pointer: coarse)").matches;

  let token = "";
  let step = "";
  let id = ""; // of the message being written; the same until it is answered, however often it is sent
  let busy = false;
  let written = false;
  let leaving = false;
  let shown = ""; // the last message of a colleague's
  let wake = () => {};

  const say = (name, values = {}) =>
    words[body.dataset.language][name].replace(/\{(\w+)\}/g, (place, key) => (key in values ? values[key] : place));
  const langOf = (text) => (/[\u3400-\u9fff\uf900-\ufaff]/.test(text) ? LANGS.zh_Hant_HK : LANGS.en);

  function newId() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  function make(tag, attributes, ...children) {
    const element = document.createElement(tag);
    Object.entries(attributes).forEach(([name, value]) => element.setAttribute(name, value));
    element.append(...children);
    return element;
  }

  // ---------------------------------------------------------------- language

  function speak(language) {
    if (!words[language]) return;
    body.dataset.language = language;
    document.documentElement.lang = LANGS[language];
    document.title = say("title");
    document.querySelectorAll("[data-word]").forEach((element) => {
      element.textContent = say(element.dataset.word);
    });
    document.querySelectorAll("[data-word-label]").forEach((element) => {
      element.setAttribute("aria-label", say(element.dataset.wordLabel));
    });
    document.querySelectorAll("[data-word-placeholder]").forEach((element) => {
      element.placeholder = say(element.dataset.wordPlaceholder);
    });
    document.querySelectorAll("[data-language]").forEach((element) => {
      if (element === body) return;
      if (element.dataset.language === language) element.setAttribute("aria-current", "true");
      else element.removeAttribute("aria-current");
    });
    document.querySelectorAll("input[name=language]").forEach((element) => {
      element.value = language;
    });
  }

  // In reach at all times. Before the chat the page changes; in the chat the command goes along.
  document.addEventListener("click", (event) => {
    const button = event.target.closest(".languages [data-language]");
    if (!button) return;
    event.preventDefault();
    speak(button.dataset.language);
    if (token && byId("closed").hidden) {
      send({ text: button.dataset.language === "en" ? "English" : "中文" }, button.textContent);
    }
  });

  // ---------------------------------------------------------------- the server

  // Asks once. Answers {status, answer}; status 0 is no answer at all.
  async function ask(method, path, message) {
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), PATIENCE);
    try {
      const headers = { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang };
      if (token) headers.Authorization = "Bearer " + token;
      const response = await fetch(path, {
        method,
        headers,
        body: message && JSON.stringify(message),
        signal: giveUp.signal,
      });
      const wait = Number(response.headers.get("Retry-After") || 0) * 1000;
      return { status: response.status, answer: await response.json(), wait };
    } catch (lost) {
      return { status: 0, answer: null, wait: 0 };
    } finally {
      clearTimeout(timer);
    }
  }

  const mayPass = (status) => status === 0 || status === 429 || status >= 500;

  // Asks until there is an answer, or patience ends.
  async function deliver(method, path, message) {
    for (let turn = 0; ; turn += 1) {
      const outcome = await ask(method, path, message);
      const wait = Math.max(WAITS[turn] || 0, outcome.wait);
      if (leaving || !mayPass(outcome.status) || turn >= WAITS.length || wait > PATIENCE) return outcome;
      tell(outcome.status || navigator.onLine ? "slow" : "offline");
      await new Promise((resolve) => {
        wake = resolve;
        setTimeout(resolve, wait);
      });
    }
  }

  // ---------------------------------------------------------------- what is shown

  // Says something beside the chat: a text of ours by name, or words the server chose.
  function tell(name, text) {
    const status = byId("status");
    if (status) status.textContent = name ? say(name) : text || "";
  }

  const unbroken = (words) => words.replace(/(\d) (?=\d)/g, "$1\u00a0"); // telephone numbers stay on one line

  function lineOf(text) {
    const parts = [];
    let end = 0;
    text.replace(SET_APART, (found, link, code, at) => {
      parts.push(unbroken(text.slice(end, at)));
      end = at + found.length;
      if (link) parts.push(make("a", { href: link, rel: "noreferrer noopener", target: "_blank" }, link));
      else parts.push(make("span", { class: code ? "code" : "reference" }, found));
      return found;
    });
    return [...parts, unbroken(text.slice(end))].filter((part) => part !== "");
  }

  // Paragraphs, and lists of lines that begin with a dash or a dot.
  function prose(text) {
    const blocks = [];
    text.split(/\n\s*\n/).forEach((paragraph) => {
      const lang = langOf(paragraph);
      let block = null;
      paragraph.split("\n").forEach((line) => {
        const item = line.replace(/^[-・•]\s*/, "");
        const tag = item === line ? "P" : "UL";
        if (!block || block.tagName !== tag) blocks.push((block = make(tag, { lang })));
        else if (tag === "P") block.append(make("br", {}));
        if (tag === "P") block.append(...lineOf(line));
        else block.append(make("li", {}, ...lineOf(item)));
      });
    });
    return blocks;
  }

  function copyButton(code) {
    const button = make("button", { type: "button", class: "quiet copy", "data-word": "copy_code" }, say("copy_code"));
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(code.textContent);
        tell("copied");
      } catch (refused) {
        getSelection().selectAllChildren(code);
      }
    });
    return button;
  }

  function bubble(sender, text) {
    const who = make("p", { class: "who spoken" }, say({ you: "you", caseworker: "colleague" }[sender] || "assistant"));
    const element = make("div", { class: "message " + sender }, who);
    if (sender === "you") element.append(make("p", { lang: langOf(text) }, text));
    else element.append(...prose(text));
    const code = element.querySelector(".code");
    if (code) element.append(copyButton(code));
    return element;
  }

  function offer(question) {
    const answers = byId("answers");
    answers.textContent = "";
    answers.hidden = !question;
    if (!question) return;
    question.choices.forEach((choice, place) => {
      const label = make("span", { lang: langOf(choice.label) }, choice.label);
      const number = make("span", { class: "number", "aria-hidden": "true" }, String(place + 1));
      if (question.several) {
        const box = make("input", { type: "checkbox", name: "choices", value: choice.id });
        const tick = make("span", { class: "tick" });
        answers.append(make("label", { class: "choice several" }, box, tick, number, label));
      } else {
        answers.append(make("button", { class: "choice", name: "choice", value: choice.id }, number, label));
      }
    });
    if (question.several) {
      const done = make("button", { class: "primary", name: "chosen", value: "1", "data-word": "done_choosing" });
      done.textContent = say("done_choosing");
      answers.append(done);
    }
  }

  // Adds messages to the log, and returns the first. A colleague's come until they were shown, each once here.
  function append(messages, question) {
    const log = byId("log");
    let first = null;
    messages.forEach((message) => {
      if (message.from === "caseworker" && log.querySelector(`[data-id="${CSS.escape(message.id)}"]`)) return;
      const element = bubble(message.from, message.text);
      element.dataset.id = message.id;
      if (message === question) element.id = "question";
      if (message.from === "caseworker") {
        shown = message.id;
        tell("talking");
      }
      log.append(element);
      first = first || element;
    });
    return first;
  }

  // A colleague may write at any time to a chat that is about a case.
  const mayGetLetters = () => token && !leaving && byId("closed").hidden && ["submitted", "talking"].includes(step);

  async function look() {
    if (mayGetLetters() && !busy && !document.hidden) {
      const before = shown;
      const path = "/chat/messages?from=caseworker" + (shown && "&after=" + encodeURIComponent(shown));
      const outcome = await ask("GET", path);
      if (outcome.status === 200 && mayGetLetters()) {
        const first = append(outcome.answer.messages);
        if (first) scrollTo(first);
        if (shown !== before) ask("GET", "/chat/messages?from=caseworker&after=" + encodeURIComponent(shown));
      }
    }
    setTimeout(look, LOOK);
  }
  setTimeout(look, LOOK);

  function show(answer) {
    if (answer.language && answer.language !== body.dataset.language) speak(answer.language);
    step = answer.step;
    const log = byId("log");
    log.querySelectorAll("#question").forEach((element) => element.removeAttribute("id"));
    const question = answer.messages.filter((message) => message.choices).pop();
    const first = append(answer.messages, question);
    offer(question);
    const progress = byId("progress");
    progress.hidden = !answer.progress;
    if (answer.progress) {
      byId("progress-text").textContent = say("progress", answer.progress);
      progress.lastElementChild.max = answer.progress.of;
      progress.lastElementChild.value = answer.progress.step;
    }
    document.querySelectorAll(".asides button").forEach((button) => {
      button.hidden = step === "paused" || (button.value === "skip" && !answer.skippable);
    });
    if (answer.closed) close();
    fit();
    return first;
  }

  // Nothing more can be written here; what was said, and what was not sent, stays to be read.
  function close() {
    const text = byId("text");
    written = false;
    text.readOnly = true;
    byId("send").hidden = true;
    byId("composer").hidden = !text.value;
    byId("turn").hidden = true;
    byId("progress").hidden = true;
    byId("closed").hidden = false;
    const codes = byId("log").querySelectorAll(".code");
    if (step === "submitted" && codes.length) {
      byId("add-more").elements.code.value = codes[codes.length - 1].textContent;
      byId("add-more").hidden = false;
    }
  }

  // The box stays in sight while there is room for both it and what is read: not with very large text.
  function fit() {
    const dock = byId("main").querySelector(".dock");
    if (!dock || document.activeElement === byId("text")) return; // a keyboard on the screen takes room, too
    const taken = dock.offsetHeight + document.querySelector(".bar").offsetHeight;
    dock.classList.toggle("sticks", taken < innerHeight / 2);
  }

  // The reply is read from its beginning.
  function scrollTo(first) {
    const page = document.documentElement;
    const top = first ? first.getBoundingClientRect().top + page.scrollTop : page.scrollHeight;
    scroll(0, top - document.querySelector(".bar").offsetHeight - 12);
  }

  // ---------------------------------------------------------------- sending

  function lock(locked) {
    busy = locked;
    byId("main").setAttribute("aria-busy", String(locked));
    const text = byId("text");
    if (text) text.readOnly = locked;
  }

  // Sends one message. `shown` is what the person sees as theirs; `typed` whether it came from the box.
  async function send(message, shown, typed) {
    if (busy) return;
    lock(true);
    written = true;
    id = id || newId();
    byId("send").textContent = say("sending");
    const slow = setTimeout(() => tell("slow"), SLOW);
    const seen = shown && { shown };
    const outcome = await deliver("POST", "/chat/messages", { id, step, ...seen, ...message });
    clearTimeout(slow);
    if (leaving) return;
    lock(false);
    byId("send").textContent = say("send");
    if (outcome.status === 200) answered(outcome.answer, shown, typed);
    else if (outcome.status === 409) await mixedUp(outcome.answer);
    else refused(outcome);
  }

  function answered(answer, shown, typed) {
    const text = byId("text");
    const pressed = !typed && document.activeElement !== text;
    id = "";
    tell();
    byId("log").append(bubble("you", shown));
    if (typed) text.value = "";
    measure();
    const first = show(answer);
    scrollTo(first);
    if (pressed || byId("turn").hidden) focusOn(first);
  }

  // Whoever pressed a button finds the reply next; whoever types stays in the box.
  function focusOn(first) {
    if (!byId("answers").hidden && !byId("turn").hidden) byId("answers").focus({ preventScroll: true });
    else if (!handheld && !byId("turn").hidden) byId("text").focus({ preventScroll: true });
    else if (first) byId("log").focus({ preventScroll: true });
  }

  // The first sending did arrive, and what is written now differs: the question is shown as it stands.
  async function mixedUp(answer) {
    id = "";
    const outcome = await deliver("GET", "/chat/messages");
    if (outcome.status === 200) scrollTo(show(outcome.answer));
    tell("", answer.error.message);
  }

  function refused(outcome) {
    if (outcome.status === 401) {
      tell();
      close();
      byId("closed").firstElementChild.textContent = outcome.answer.error.message;
      byId("closed").querySelector("button").focus();
      return;
    }
    byId("send").textContent = say("retry");
    if (outcome.status && outcome.status < 500 && outcome.status !== 429) id = ""; // it was not the connection
    if (outcome.answer && outcome.answer.error) tell("", outcome.answer.error.message);
    else tell(navigator.onLine ? "not_sent" : "offline");
  }

  // ---------------------------------------------------------------- the box

  function measure() {
    const text = byId("text");
    if (!CSS.supports("field-sizing", "content")) {
      text.style.height = "auto"; // set by script, which the policy allows; the attribute is not used
      text.style.height = text.scrollHeight + 2 + "px";
    }
    const left = (step === "links" ? LONGEST_LINKS : LONGEST) - text.value.length;
    const count = byId("count");
    const word = left < 0 ? "too_long" : "count_left";
    const n = Math.abs(left);
    count.textContent = left > COUNTED ? "" : say(n === 1 ? word + ".one" : word, { n });
    count.classList.toggle("over", left < 0);
    return left;
  }

  function submit(button) {
    if (busy) return;
    const text = byId("text");
    const boxes = [...document.querySelectorAll("#answers input:checked")];
    const done = button && button.name === "chosen";
    if (button && button.name === "choice") {
      send({ choice: button.value }, button.lastElementChild.textContent);
    } else if (button && button.name === "say") {
      send({ text: button.dataset.text }, button.textContent);
    } else if (boxes.length && (done || !text.value.trim())) {
      const labels = boxes.map((box) => box.parentElement.lastElementChild.textContent);
      send({ choices: boxes.map((box) => box.value) }, labels.join("\n"));
    } else if (done) {
      tell("none_chosen");
    } else if (!text.value.trim()) {
      tell("empty");
      text.focus();
    } else if (measure() >= 0) {
      send({ text: text.value }, text.value, true);
    } else {
      text.focus();
    }
  }

  function takeOver() {
    const turn = byId("turn");
    const text = byId("text");
    token = turn.elements.token.value;
    byId("exit").elements.token.value = token;
    step = turn.elements.step.value;
    shown = turn.elements.shown.value;
    turn.addEventListener("submit", (event) => event.preventDefault());
    byId("main").addEventListener("click", (event) => {
      // The form's own event does not name the pressed button in every browser.
      const button = event.target.closest("button[name]");
      if (!button) return;
      event.preventDefault();
      submit(button);
    });
    text.addEventListener("input", () => {
      written = true;
      measure();
    });
    text.addEventListener("keydown", (event) => {
      // Enter also ends the composing of a Chinese word, and on a phone begins a new line.
      if (event.key !== "Enter" || event.shiftKey || handheld || event.isComposing || event.keyCode === 229) return;
      event.preventDefault();
      submit(null);
    });
    byId("start-again").addEventListener("submit", (event) => {
      event.preventDefault();
      begin(event.target.querySelector("button"));
    });
    byId("add-more").addEventListener("submit", (event) => {
      event.preventDefault();
      begin(event.target.querySelector("button"), byId("add-more").elements.code.value);
    });
  }

  // ---------------------------------------------------------------- beginning

  // Begins a chat; with a case code, one that is at its case already.
  async function begin(button, code) {
    if (busy) return;
    busy = true;
    button.setAttribute("aria-busy", "true");
    const old = token;
    token = "";
    let outcome = await deliver("POST", "/chat/sessions", {});
    const begun = outcome.status === 201 && outcome.answer.token;
    const rest = code ? [{ choice: body.dataset.language }, { text: code }] : [];
    for (const message of begun ? rest : []) {
      token = begun;
      outcome = await deliver("POST", "/chat/messages", { id: newId(), ...message });
      if (outcome.status !== 200) break;
    }
    busy = false;
    button.removeAttribute("aria-busy");
    if (leaving) return;
    if (outcome.status !== 201 && outcome.status !== 200) {
      token = old;
      if (outcome.answer && outcome.answer.error) tell("", outcome.answer.error.message);
      else tell(navigator.onLine ? "not_sent" : "offline");
      return;
    }
    const chat = byId("chat-template").content.cloneNode(true);
    byId("main").replaceWith(chat);
    byId("turn").elements.token.value = begun;
    id = "";
    written = false;
    speak(body.dataset.language);
    takeOver();
    const first = show(outcome.answer);
    scroll(0, 0);
    focusOn(first);
  }

  // A page that came by a form: taken over as it stands, but for one that holds something to be sent again.
  const start = byId("start");
  if (start) {
    start.addEventListener("submit", (event) => {
      event.preventDefault();
      begin(start.querySelector("button"));
    });
    const [visit] = performance.getEntriesByType("navigation");
    if (visit && visit.type === "reload") byId("reloaded").hidden = false;
  } else if (byId("turn") && !("again" in byId("turn").dataset)) {
    id = byId("turn").elements.id.value;
    takeOver();
  }

  // ---------------------------------------------------------------- the rest of the world

  addEventListener("resize", fit);
  addEventListener("online", () => {
    if (token) tell("online");
    wake();
  });
  addEventListener("offline", () => token && tell("offline"));

  // No files: not by pasting, and not by dropping them anywhere on the page.
  const holdsFiles = (data) => data && [...data.types].includes("Files");
  addEventListener("paste", (event) => {
    if (holdsFiles(event.clipboardData)) {
      event.preventDefault();
      tell("no_files");
    }
  });
  addEventListener("dragover", (event) => event.preventDefault());
  addEventListener("drop", (event) => {
    if (!holdsFiles(event.dataTransfer)) return;
    event.preventDefault();
    tell("no_files");
  });

  // Reloading or closing ends the chat: asked once, and only when something was written.
  addEventListener("beforeunload", (event) => {
    if (!written || leaving) return;
    event.preventDefault();
    event.returnValue = say("leave_warning");
  });

  document.addEventListener("leaving", () => {
    leaving = true;
    wake();
  });
})();
