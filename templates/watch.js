"use strict";
// What makes the page of `scenebuild watch` live: what the mixer's controls say goes into the scene file, and a page of a
// newer build takes this one's place while the sound plays on. WATCH stands before this script.
(() => {
  const FIELDS = { volume: "volume", pan: "pan", start: "start", mute: "mute" }; // of an edit -> data- attribute of a strip
  const PAUSE_MS = 100; // between two edits: a key that is held down writes no more often
  const token = document.querySelector('meta[name="scenebuild-token"]').content;
  const wanted = new Map(); // "element field" -> the latest edit of it that was not sent yet
  const undone = []; // edits that lead back, the last one first to go
  let state = { page: WATCH.page, edits: 0, kind: "building", lines: [] };
  let shown = WATCH.page; // the number of the page that is shown
  let written = 0; // the number of the last edit of ours: an older page would take it back before the eye
  let isSending = false;
  let isFetching = false;

  const sheet = new CSSStyleSheet();
  sheet.replaceSync(WATCH.style);
  document.adoptedStyleSheets = [...document.adoptedStyleSheets, sheet];

  const make = (name, properties, ...inner) => { const one = Object.assign(document.createElement(name), properties); one.append(...inner); return one; };
  const status = make("p", { className: "state" });
  const last = make("p", { className: "last" });
  const undo = make("button", { type: "button", className: "button undo", textContent: "Undo", title: "Undo the last change (Ctrl+Z)", disabled: true });
  const complaints = make("p", { className: "complaints" });
  const bar = make("section", { className: "watch" }, status, undo, last, complaints);
  bar.setAttribute("aria-label", "Watching the scene");
  last.setAttribute("role", "status");
  complaints.setAttribute("role", "alert");
  document.body.append(bar);

  const WORDS = { building: "building …", built: "live", failed: "not built: this is the last good mix", lost: "the connection is lost", ended: "scenebuild watch has ended: start it again and open its new address" };

  function show(kind) {
    bar.className = `watch ${kind === "ended" ? "lost" : kind}`;
    status.textContent = WORDS[kind];
    if (kind === "built") last.classList.remove("refused");
    if (kind === "built" || kind === "failed") complaints.textContent = state.lines.join("\n");
  }

  function say(text, isRefusal) {
    last.textContent = text;
    last.classList.toggle("refused", Boolean(isRefusal));
  }

  const itemOf = (element) => [...document.querySelectorAll(".strip")].find((one) => one.dataset.element === element);
  const held = (element, field) => { const text = itemOf(element).dataset[FIELDS[field]]; return field === "mute" ? text === "true" : Number(text); };
  const rounded = (field, value) => (typeof value !== "number" ? value : field === "volume" ? Number(value.toPrecision(3)) : Number(value.toFixed(2)));

  // The strip as the file says it is: what the mixer shows and plays follows.
  function hold(element, field, value) {
    const item = itemOf(element);
    item.dataset[FIELDS[field]] = String(value);
    const player = window.scenebuild.scenes.find((one) => item.closest(".scene") === one.scene);
    const strip = player.strips.find((one) => one.item === item);
    if (field === "mute") player.setStrip(strip, { isMuted: value });
    if (field === "volume") player.setStrip(strip, { db: value > 0 ? Math.max(-48, 20 * Math.log10(value)) : -48 });
    const input = item.querySelector({ pan: ".pan input", start: ".starts input" }[field] ?? "none");
    if (input) input.value = value;
    item.querySelector(".lane").style.removeProperty("--shift"); // of a bar that was dragged
  }

  async function post(edit) {
    if (!itemOf(edit.element)) { say(`nothing was written: ${edit.element} is not in the scene any more`, true); return; }
    const was = held(edit.element, edit.field);
    let answer;
    let plain;
    try {
      answer = await fetch("edit", {
        method: "POST",
        headers: { "Content-Type": "application/json", [WATCH.header]: token },
        body: JSON.stringify({ element: edit.element, field: edit.field, value: edit.value, was }),
      });
      plain = await answer.json();
    } catch {
      hold(edit.element, edit.field, was);
      say("nothing was written: the connection is lost", true);
      return;
    }
    if (!answer.ok) {
      hold(edit.element, edit.field, plain.now ?? was);
      say(state.lines.includes(plain.error) ? "nothing was written: the scene has a mistake" : plain.error, true);
      return;
    }
    written = plain.edit;
    if (edit.isUndo) hold(edit.element, edit.field, plain.value);
    itemOf(edit.element).dataset[FIELDS[edit.field]] = String(plain.value);
    if (plain.changed) say(`${plain.place}: ${edit.element}: ${edit.field} ${edit.value}`);
    if (plain.changed && !edit.isUndo) undone.push({ element: edit.element, field: edit.field, value: was, isUndo: true });
    undo.disabled = !undone.length;
  }

  async function send() {
    if (isSending) return;
    isSending = true;
    try {
      while (wanted.size) {
        const [key, edit] = wanted.entries().next().value;
        wanted.delete(key);
        await post(edit);
        await new Promise((resolve) => { setTimeout(resolve, PAUSE_MS); });
      }
    } finally {
      isSending = false;
      catchUp();
    }
  }

  function want(edit) {
    wanted.set(`${edit.element} ${edit.field}`, edit);
    send();
  }

  function goBack() {
    const edit = undone.pop();
    if (!edit) return;
    undo.disabled = !undone.length;
    want(edit);
  }

  // Nobody's hand is moved: while something is pressed, or a number is half typed, the page stays.
  function isInHand() {
    const at = document.activeElement;
    const isTyping = at?.matches?.("input[type=number]") && Number(at.value) !== Number(at.closest(".strip").dataset.start);
    return isTyping || Boolean(document.querySelector("main input:active, main button:active, main .track:active"));
  }

  async function catchUp() {
    if (isFetching || isSending || wanted.size || shown >= state.page || state.kind === "building" || state.edits < written) return;
    if (isInHand()) { setTimeout(catchUp, PAUSE_MS); return; }
    isFetching = true;
    const known = written;
    try {
      const answer = await fetch("./");
      const next = new DOMParser().parseFromString(await answer.text(), "text/html");
      if (isSending || wanted.size || written !== known || isInHand()) return;
      shown = Number(answer.headers.get("X-Scenebuild-Page"));
      await window.scenebuild.adopt(next);
      document.dispatchEvent(new CustomEvent("watch:shown", { detail: { page: shown } }));
    } catch {
      say("the new page could not be loaded", true);
    } finally {
      isFetching = false;
      setTimeout(catchUp, PAUSE_MS);
    }
  }

  document.addEventListener("mixer:change", ({ detail: { element, field, value } }) => want({ element, field, value: rounded(field, value) }));
  undo.addEventListener("click", goBack);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "z" || !(event.ctrlKey || event.metaKey) || event.shiftKey || event.altKey) return;
    if (event.target.matches("input[type=number]")) return; // what is typed has an undo of its own
    event.preventDefault();
    goBack();
  });

  const events = new EventSource("events");
  events.addEventListener("message", (event) => { state = JSON.parse(event.data); show(state.kind); catchUp(); });
  events.addEventListener("error", () => show(events.readyState === EventSource.CLOSED ? "ended" : "lost"));
  show("building");
})();
