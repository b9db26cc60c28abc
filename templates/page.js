"use strict";
// One sound at a time. Without this script the page still plays: every sound is an audio element with controls.
document.documentElement.classList.add("js");
const sounds = [...document.querySelectorAll(".sound")].map((card) => ({
  card,
  audio: card.querySelector("audio"),
  wave: card.querySelector(".wave"),
  play: card.querySelector(".play"),
  now: card.querySelector(".now"),
  length: Number(card.dataset.seconds),
}));
const loop = document.getElementById("loop");
const keep = document.getElementById("keep");
const said = document.getElementById("said");
let current = null;

const clock = (seconds) => `${Math.floor(seconds / 60)}:${(seconds % 60).toFixed(1).padStart(4, "0")}`;
const length = (sound) => (Number.isFinite(sound.audio.duration) ? sound.audio.duration : sound.length);

function show(sound) {
  const at = sound.audio.currentTime;
  const share = length(sound) ? Math.min(1, at / length(sound)) : 0;
  sound.wave.style.setProperty("--at", `${100 * share}%`);
  sound.wave.setAttribute("aria-valuenow", at.toFixed(1));
  sound.wave.setAttribute("aria-valuetext", `${clock(at)} of ${clock(length(sound))}`);
  sound.now.textContent = clock(at);
}

function follow() {
  if (!current || current.audio.paused) return;
  show(current);
  requestAnimationFrame(follow);
}

function seek(sound, seconds) {
  sound.audio.currentTime = Math.max(0, Math.min(seconds, Math.max(0, length(sound) - 0.01)));
  show(sound);
}

function start(sound) {
  const from = current;
  if (from && from !== sound) {
    if (keep.checked && !from.audio.paused) seek(sound, from.audio.currentTime % length(sound));
    from.audio.pause();
  }
  current = sound;
  sound.audio.loop = loop.checked;
  sound.audio.play().catch(() => { said.textContent = `${sound.play.dataset.name} cannot be played: is its file beside this page?`; });
}

const toggle = (sound) => (sound.audio.paused ? start(sound) : sound.audio.pause());

for (const sound of sounds) {
  const { audio, wave, play, card } = sound;
  audio.addEventListener("play", () => { card.classList.add("playing"); play.setAttribute("aria-label", `Pause ${play.dataset.name}`); follow(); });
  audio.addEventListener("pause", () => { card.classList.remove("playing"); play.setAttribute("aria-label", `Play ${play.dataset.name}`); show(sound); });
  audio.addEventListener("ended", () => seek(sound, 0));
  play.addEventListener("click", () => toggle(sound));
  wave.tabIndex = 0;
  wave.setAttribute("role", "slider");
  wave.setAttribute("aria-label", `Place in ${play.dataset.name}`);
  wave.setAttribute("aria-valuemin", "0");
  wave.setAttribute("aria-valuemax", sound.length.toFixed(1));
  const point = (event) => { const box = wave.getBoundingClientRect(); seek(sound, ((event.clientX - box.left) / box.width) * length(sound)); };
  wave.addEventListener("pointerdown", (event) => { if (event.button === 0) { wave.setPointerCapture(event.pointerId); point(event); } });
  wave.addEventListener("pointermove", (event) => { if (wave.hasPointerCapture(event.pointerId)) point(event); });
  wave.addEventListener("keydown", (event) => {
    const step = { ArrowLeft: -0.5, ArrowDown: -0.5, ArrowRight: 0.5, ArrowUp: 0.5, PageDown: -5, PageUp: 5 }[event.key];
    const target = event.key === "Home" ? 0 : event.key === "End" ? length(sound) : step === undefined ? null : audio.currentTime + step;
    if (target !== null) { event.preventDefault(); seek(sound, target); }
    if (event.key === " " || event.key === "Enter") { event.preventDefault(); toggle(sound); }
  });
  card.querySelector(".copy")?.addEventListener("click", async (event) => {
    const text = card.querySelector("code").textContent;
    try { await navigator.clipboard.writeText(text); said.textContent = `Copied: ${text}`; event.target.textContent = "Copied"; }
    catch { getSelection().selectAllChildren(card.querySelector("code")); said.textContent = "Selected; copy it with your keyboard."; }
  });
  show(sound);
}

loop.addEventListener("change", () => { if (current) current.audio.loop = loop.checked; });

document.addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey) return;
  const number = Number(event.key);
  if (event.key !== " " && number >= 1 && sounds[number - 1]) {
    start(sounds[number - 1]);
    sounds[number - 1].card.scrollIntoView({ block: "nearest" });
  }
  if (event.key === "Escape" && current) current.audio.pause();
});
