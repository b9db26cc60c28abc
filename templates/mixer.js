"use strict";
// The mixer. All it knows stands in the document: sounds in inert script elements, the author's values in data- attributes.
// Without this script the page still plays: the mix beside it is an audio element with controls.
(() => {
  const root = document.documentElement;
  root.classList.add("js");
  const live = root.hasAttribute("data-live");
  const decoded = new Map(); // digest -> promise of an AudioBuffer
  const FADE_S = 0.008; // of switches and faders: short enough to be at once, long enough not to click
  const AHEAD_S = 2.5; // how far ahead a loop is scheduled: a page in the background wakes up once a second
  const LOWEST_DB = -48; // the bottom of a fader is silence
  let audio = null; // made by the first play: before that a browser lets nothing sound
  let players = [];
  let current = null;

  const clock = (seconds) => { const tenths = Math.round(seconds * 10); return `${Math.floor(tenths / 600)}:${String(Math.floor(tenths / 10) % 60).padStart(2, "0")}.${tenths % 10}`; };
  const linear = (db) => (db <= LOWEST_DB ? 0 : 10 ** (db / 20));
  const decibels = (gain) => (gain > 0 ? Math.max(LOWEST_DB, 20 * Math.log10(gain)) : LOWEST_DB);
  const words = (db) => (db <= LOWEST_DB ? "−∞ dB" : `${db > 0 ? "+" : ""}${db.toFixed(1)} dB`.replace("-", "−"));
  const side = (pan) => (Math.round(pan * 100) ? `${Math.abs(Math.round(pan * 100))} % ${pan < 0 ? "left" : "right"}` : "centre");
  const clamp = (value, least, most) => Math.min(Math.max(value, least), most);
  const pressed = (button, is) => button.setAttribute("aria-pressed", String(is));
  const numbers = (text) => text.split(" ").map(Number);

  function bytesOf(text) {
    const letters = atob(text.trim());
    const bytes = new Uint8Array(letters.length);
    for (let at = 0; at < letters.length; at += 1) bytes[at] = letters.charCodeAt(at);
    return bytes.buffer;
  }

  // One sound, as it is in the mix: its gains applied, its passes written out.
  async function decode(script, rate) {
    const first = document.querySelector(`script.sound[data-bytes="${script.dataset.bytes}"]`); // it alone has the bytes
    const raw = await new OfflineAudioContext(1, 1, rate).decodeAudioData(bytesOf(first.textContent));
    const gains = numbers(script.dataset.gains);
    const [start, frames, times] = numbers(script.dataset.passes);
    const whole = new AudioBuffer({ length: raw.length + frames * (times - 1), numberOfChannels: gains.length, sampleRate: rate });
    gains.forEach((gain, channel) => {
      const from = raw.getChannelData(Math.min(channel, raw.numberOfChannels - 1)).map((sample) => sample * gain);
      const to = whole.getChannelData(channel);
      to.set(from.subarray(0, start + frames), 0);
      for (let pass = 1; pass < times; pass += 1) to.set(from.subarray(start, start + frames), start + frames * pass);
      to.set(from.subarray(start + frames), start + frames * times);
    });
    return whole;
  }

  function bufferOf(script, rate) {
    const key = script.dataset.digest;
    if (!decoded.has(key)) {
      decoded.set(key, decode(script, rate));
      decoded.get(key).catch(() => decoded.delete(key)); // the next play tries again
    }
    return decoded.get(key);
  }

  // One run through a scene from a place on, both sides of it in step; its gains follow the player's settings.
  class Pass {
    constructor(context, player, buffers, from, when, comesIn) {
      this.context = context;
      this.player = player;
      this.from = from;
      this.when = when;
      this.until = when + player.seconds - from;
      this.out = context.createGain();
      if (comesIn) { this.out.gain.setValueAtTime(0, when); this.out.gain.linearRampToValueAtTime(1, when + FADE_S); }
      this.sides = player.sides.map((_, side) => this.gainNode(player.sideLevel(side), this.out));
      this.faders = player.strips.map((strip) => this.sides.map((side) => this.gainNode(player.level(strip), side)));
      this.sources = [];
      for (const { buffer, side, element, start } of buffers) {
        const strip = player.strips.findIndex((one) => one.name === element);
        this.play(buffer, start, strip < 0 ? this.sides[side] : this.faders[strip][side]);
      }
    }

    gainNode(gain, to) {
      const node = this.context.createGain();
      node.gain.value = gain;
      node.connect(to);
      return node;
    }

    play(buffer, start, to) {
      const skip = Math.max(0, this.from - start);
      if (skip >= buffer.duration) return;
      const source = this.context.createBufferSource();
      source.buffer = buffer;
      source.connect(to);
      source.start(this.when + Math.max(0, start - this.from), skip);
      this.sources.push(source);
    }

    apply() {
      const set = (node, gain) => node.gain.setTargetAtTime(gain, this.context.currentTime, FADE_S / 3);
      this.sides.forEach((node, side) => set(node, this.player.sideLevel(side)));
      this.faders.forEach((sides, strip) => sides.forEach((node) => set(node, this.player.level(this.player.strips[strip]))));
    }

    stop() {
      const now = this.context.currentTime;
      this.out.gain.cancelScheduledValues(now);
      this.out.gain.setValueAtTime(now < this.when ? 0 : 1, now);
      this.out.gain.linearRampToValueAtTime(0, now + FADE_S);
      for (const source of this.sources) source.stop(Math.max(now + FADE_S, 0));
    }
  }

  // Plays decoded sounds: to the frame, both sides at once, looped without a gap.
  class BufferDeck {
    constructor(player) { this.player = player; this.passes = []; }

    async load() {
      const rate = this.player.rate;
      this.buffers = await Promise.all(this.player.sounds.map(async (script) => ({
        buffer: await bufferOf(script, rate), side: Number(script.dataset.side), element: script.dataset.element, start: Number(script.dataset.start) / rate,
      })));
    }

    async start(from) {
      await this.load();
      this.begin(from);
    }

    begin(from) {
      this.stop();
      this.add(from, audio.context.currentTime + 0.02, from > 0);
      this.keepUp();
    }

    add(from, when, comesIn) {
      const pass = new Pass(audio.context, this.player, this.buffers, from, when, comesIn);
      pass.out.connect(audio.input);
      this.passes.push(pass);
    }

    get isOn() { return this.passes.length > 0; }
    get now() {
      const [pass] = this.passes;
      return pass ? clamp(pass.from + audio.context.currentTime - pass.when, 0, this.player.seconds) : 0;
    }

    // Passes that are over go; while looping the next ones are there before they are needed.
    keepUp() {
      const now = audio.context.currentTime;
      while (this.passes.length > 1 && this.passes[0].until <= now) this.passes.shift();
      if (!this.player.loop) this.passes.splice(1).forEach((pass) => pass.stop());
      while (this.player.loop && this.isOn && this.passes.at(-1).until < now + AHEAD_S) this.add(0, this.passes.at(-1).until, false);
      return this.passes[0].until > now || this.passes.length > 1;
    }

    apply() { this.passes.forEach((pass) => pass.apply()); }
    stop() { this.passes.splice(0).forEach((pass) => pass.stop()); }
  }

  // Plays the file beside the page, where the page has no sound of its own.
  class FileDeck {
    constructor(player) { this.player = player; this.files = player.files; this.isOn = false; }

    async start(from) {
      this.isOn = true;
      this.apply();
      for (const file of this.files) file.currentTime = Math.min(from, file.duration || from);
      try { await Promise.all(this.files.map((file) => file.play())); } catch (error) { this.stop(); throw error; }
    }

    get now() { return this.files[this.player.side]?.currentTime ?? 0; }
    keepUp() { return this.files.some((file) => !file.ended && !file.paused); }
    apply() { this.files.forEach((file, side) => { file.loop = this.player.loop; file.muted = this.player.sideLevel(side) === 0; }); }
    stop() { this.isOn = false; this.files.forEach((file) => file.pause()); }
  }

  function openAudio(rate, channels) {
    if (audio?.rate === rate) { audio.context.resume(); return; }
    let context;
    try { context = new AudioContext({ sampleRate: rate, latencyHint: "interactive" }); } catch { context = new AudioContext(); }
    const input = context.createGain();
    input.channelCount = Math.max(2, channels);
    input.channelCountMode = "explicit"; // mono is on both meters
    const split = context.createChannelSplitter(2);
    const meters = [0, 1].map((channel) => { const meter = context.createAnalyser(); meter.fftSize = 2048; split.connect(meter, channel); return meter; });
    input.connect(split);
    input.connect(context.destination);
    audio?.context.close();
    audio = { rate, context, input, meters, samples: new Float32Array(2048), levels: [0, 0] };
    context.resume();
  }

  class Player {
    constructor(scene, before) {
      this.scene = scene;
      this.key = scene.dataset.scene;
      this.seconds = Number(scene.dataset.seconds);
      this.rate = Number(scene.dataset.rate);
      this.channels = Number(scene.dataset.channels);
      this.sides = [...Array(Number(scene.dataset.sides))];
      this.side = clamp(before?.side ?? Number(scene.dataset.side), 0, this.sides.length - 1);
      this.loop = before?.loop ?? scene.dataset.loop === "true";
      this.sounds = [...scene.querySelectorAll("script.sound")];
      this.files = [...scene.querySelectorAll(".file audio")];
      this.strips = [...scene.querySelectorAll(".strip")].map((item) => this.strip(item, before));
      this.deck = this.sounds.length ? new BufferDeck(this) : new FileDeck(this);
      this.place = Math.min(before?.now ?? 0, this.seconds);
      this.isWanted = false; // play was pressed, and nobody has pressed pause since
      this.listen();
      this.show();
    }

    strip(item, before) {
      const old = before?.strips.find((one) => one.name === item.dataset.element);
      const volume = item.dataset.volume === "" ? null : Number(item.dataset.volume);
      const zero = live && volume !== null ? decibels(volume) : 0;
      const isMuted = item.dataset.mute === "true";
      return {
        item, name: item.dataset.element, zero,
        mute: item.querySelector(".mute"), solo: item.querySelector(".solo"),
        pan: item.querySelector(".pan input"),
        fader: item.querySelector(".fader input"), told: item.querySelector(".fader output"),
        db: live ? zero : old?.db ?? zero, isMuted: live ? isMuted : old?.isMuted ?? isMuted, isSolo: old?.isSolo ?? false,
      };
    }

    get now() { return this.deck.isOn ? this.deck.now : this.place; }
    get isPlaying() { return this.deck.isOn; }

    level(strip) {
      const isHeard = !strip.isMuted && (strip.isSolo || !this.strips.some((one) => one.isSolo));
      return isHeard ? linear(strip.db) / (linear(strip.zero) || 1) : 0;
    }

    sideLevel(side) { return side === this.side ? 1 : 0; }

    async play() {
      if (current && current !== this) current.pause();
      current = this;
      this.isWanted = true;
      if (this.sounds.length) openAudio(this.rate, this.channels);
      if (this.place >= this.seconds - 0.01) this.place = 0;
      this.scene.classList.add("loading");
      this.say("");
      try {
        if (this.sounds.length) await this.deck.load();
        if (this.isWanted) await this.deck.start(this.place);
      } catch (error) {
        this.isWanted = false;
        this.say(`This cannot be played${this.sounds.length ? ` here: ${error.message}` : ": is the mix beside this page?"}`);
      }
      this.scene.classList.remove("loading");
      this.show();
      follow();
    }

    say(text) { this.scene.querySelector(".failed").textContent = text; }

    pause() {
      this.isWanted = false;
      this.place = this.now;
      this.deck.stop();
      this.show();
    }

    toggle() { return this.isWanted ? this.pause() : this.play(); }

    seek(seconds) {
      this.place = clamp(seconds, 0, this.seconds);
      if (this.deck.isOn) this.deck.start(Math.min(this.place, this.seconds - 0.01));
      this.draw(this.place);
    }

    setLoop(is) { this.loop = is; this.apply(); }
    setSide(side) { this.side = side; this.apply(); }

    setStrip(strip, settings) {
      Object.assign(strip, settings);
      this.apply();
    }

    reset() {
      for (const strip of this.strips) {
        const isMuted = strip.item.dataset.mute === "true";
        Object.assign(strip, { db: strip.zero, isMuted, isSolo: false });
      }
      this.apply();
    }

    get isTouched() { return this.strips.some((one) => one.isSolo || one.db !== one.zero || String(one.isMuted) !== one.item.dataset.mute); }

    apply() {
      this.deck.apply();
      if (this.deck.isOn) this.deck.keepUp();
      this.show();
    }

    tell(strip, field, value) {
      document.dispatchEvent(new CustomEvent("mixer:change", { detail: { scene: this.key, element: strip.name, field, value } }));
    }

    // The present settings as sound, without playing it.
    async render(seconds = this.seconds, { from = 0, side = this.side } = {}) {
      await this.deck.load();
      const context = new OfflineAudioContext(this.channels, Math.round(seconds * this.rate), this.rate);
      const was = this.side;
      this.side = side;
      new Pass(context, this, this.deck.buffers, from, 0, false).out.connect(context.destination);
      this.side = was;
      return context.startRendering();
    }

    get name() { return this.scene.querySelector(".play").dataset.name; }

    listen() {
      const find = (selector) => this.scene.querySelector(selector);
      find(".play").addEventListener("click", () => this.toggle());
      find(".loop").addEventListener("click", () => this.setLoop(!this.loop));
      find(".reset")?.addEventListener("click", () => this.reset());
      for (const button of this.scene.querySelectorAll("button.side")) button.addEventListener("click", () => this.setSide(Number(button.dataset.side)));
      for (const strip of this.strips) if (strip.fader) this.listenStrip(strip);
      for (const track of this.scene.querySelectorAll(".track")) this.listenTrack(track);
      this.listenSlider(find(".wave"));
      // A button that a pointer has pressed lets go of the keyboard, so that the space bar goes on to play and pause.
      this.scene.addEventListener("click", (event) => { if (event.detail > 0) event.target.closest("button")?.blur(); });
    }

    listenTrack(track) {
      const point = (event) => { const box = track.getBoundingClientRect(); this.seek(((event.clientX - box.left) / box.width) * this.seconds); };
      track.addEventListener("pointerdown", (event) => { if (event.button === 0 && !event.defaultPrevented) { track.setPointerCapture(event.pointerId); point(event); } });
      track.addEventListener("pointermove", (event) => { if (track.hasPointerCapture(event.pointerId) && !track.classList.contains("moving")) point(event); });
    }

    // On a page that lives a bar can be dragged to another start. Let go where it was taken, it was a click that seeks.
    listenBar(lane, input) {
      let from = null;
      lane.classList.add("movable");
      const seconds = (event) => ((event.clientX - from.x) / from.width) * this.seconds;
      lane.addEventListener("pointerdown", (event) => {
        if (event.button !== 0 || !event.target.matches(".bar, .swell")) return;
        event.preventDefault(); // so the lane does not seek
        lane.setPointerCapture(event.pointerId);
        const box = lane.getBoundingClientRect();
        from = { x: event.clientX, left: box.left, width: box.width, start: Number(input.value) };
        lane.classList.add("moving");
      });
      lane.addEventListener("pointermove", (event) => {
        if (!from) return;
        input.value = clamp(Math.round((from.start + seconds(event)) * 20) / 20, 0, this.seconds).toFixed(2);
        lane.style.setProperty("--shift", `${((Number(input.value) - from.start) / this.seconds) * from.width}px`);
      });
      const end = (event) => {
        if (!from) return;
        const isMoved = event.type === "pointerup" && Number(input.value) !== from.start;
        if (isMoved) input.dispatchEvent(new Event("change"));
        else { input.value = from.start; lane.style.removeProperty("--shift"); }
        if (event.type === "pointerup" && !isMoved) this.seek(((event.clientX - from.left) / from.width) * this.seconds);
        from = null;
        lane.classList.remove("moving");
      };
      lane.addEventListener("pointerup", end);
      lane.addEventListener("pointercancel", end);
    }

    listenSlider(wave) {
      this.slider = wave;
      wave.tabIndex = 0;
      wave.setAttribute("role", "slider");
      wave.setAttribute("aria-label", `Place in ${this.name}`);
      wave.setAttribute("aria-valuemin", "0");
      wave.setAttribute("aria-valuemax", this.seconds.toFixed(1));
    }

    listenStrip(strip) {
      strip.mute.addEventListener("click", () => { this.setStrip(strip, { isMuted: !strip.isMuted }); this.tell(strip, "mute", strip.isMuted); });
      strip.solo.addEventListener("click", () => this.setStrip(strip, { isSolo: !strip.isSolo }));
      const gain = () => (live ? linear(strip.db) : null);
      strip.fader.addEventListener("input", () => this.setStrip(strip, { db: Number(strip.fader.value) }));
      strip.fader.addEventListener("change", () => this.tell(strip, "volume", gain()));
      strip.fader.addEventListener("dblclick", () => { this.setStrip(strip, { db: live ? 0 : strip.zero }); this.tell(strip, "volume", gain()); });
      if (strip.pan) {
        const tellPan = () => this.tell(strip, "pan", Number(strip.pan.value));
        strip.pan.addEventListener("input", () => this.showStrip(strip));
        strip.pan.addEventListener("change", tellPan);
        strip.pan.addEventListener("dblclick", () => { strip.pan.value = 0; this.showStrip(strip); tellPan(); });
      }
      const start = strip.item.querySelector(".starts input");
      start?.addEventListener("change", () => this.tell(strip, "start", Number(start.value)));
      if (start && !start.disabled) this.listenBar(strip.item.querySelector(".lane"), start);
    }

    show() {
      this.scene.dataset.side = this.side;
      this.scene.classList.toggle("playing", this.isWanted);
      const play = this.scene.querySelector(".play");
      play.setAttribute("aria-label", `${this.isWanted ? "Pause" : "Play"} ${this.name}`);
      pressed(this.scene.querySelector(".loop"), this.loop);
      for (const button of this.scene.querySelectorAll("button.side")) pressed(button, Number(button.dataset.side) === this.side);
      for (const strip of this.strips) this.showStrip(strip);
      const reset = this.scene.querySelector(".reset");
      if (reset) reset.disabled = !this.isTouched;
      this.draw(this.now);
    }

    showStrip(strip) {
      strip.item.classList.toggle("silent", this.level(strip) === 0);
      if (!strip.fader) return;
      pressed(strip.mute, strip.isMuted);
      pressed(strip.solo, strip.isSolo);
      if (Number(strip.fader.value) !== strip.db) strip.fader.value = strip.db;
      strip.told.textContent = words(strip.db);
      if (strip.pan) {
        strip.pan.nextElementSibling.textContent = side(Number(strip.pan.value));
        strip.pan.setAttribute("aria-valuetext", side(Number(strip.pan.value)));
      }
      strip.fader.setAttribute("aria-valuetext", words(strip.db).replace("−∞ dB", "silent"));
    }

    draw(at) {
      this.scene.style.setProperty("--at", String(this.seconds ? at / this.seconds : 0));
      this.scene.querySelector(".now").textContent = clock(at);
      this.slider.setAttribute("aria-valuenow", at.toFixed(1));
      this.slider.setAttribute("aria-valuetext", `${clock(at)} of ${clock(this.seconds)}`);
    }

    // Called again and again while something plays; false when it is over.
    keepUp() {
      if (!this.deck.isOn || this.deck.keepUp()) return this.deck.isOn;
      this.pause();
      this.seek(0);
      return false;
    }
  }

  let isFollowing = false;
  function follow() {
    if (isFollowing) return;
    isFollowing = true;
    const frame = () => {
      isFollowing = Boolean(current?.keepUp());
      if (current) { current.draw(current.now); meter(current); }
      if (isFollowing || audio?.levels.some((level) => level > 0.001)) requestAnimationFrame(frame);
    };
    requestAnimationFrame(frame);
  }
  setInterval(() => current?.keepUp(), 500); // frames are not drawn in the background

  // The highest sample of the last moments, falling by some 20 dB in a second.
  function meter(player) {
    if (!audio) return;
    const bars = player.scene.querySelectorAll(".meter span");
    audio.meters.forEach((one, channel) => {
      one.getFloatTimeDomainData(audio.samples);
      let peak = 0;
      for (const sample of audio.samples) peak = Math.max(peak, Math.abs(sample));
      audio.levels[channel] = Math.max(peak, audio.levels[channel] * 0.96);
      const db = 20 * Math.log10(Math.max(audio.levels[channel], 1e-4));
      bars[channel].style.setProperty("--level", String(clamp(1 + db / 60, 0, 1)));
      bars[channel].classList.toggle("over", audio.levels[channel] > 1);
    });
  }

  const chosen = () => current ?? players.find((one) => one.scene.open !== false) ?? players[0];

  function digit(player, number, isSolo) {
    if (number === 0) return player.reset();
    const strip = player.strips[number - 1];
    if (strip?.fader) (isSolo ? strip.solo : strip.mute).click();
    return undefined;
  }

  const KEYS = {
    Space: (player) => player.toggle(),
    ArrowLeft: (player, event) => player.seek(player.now - (event.shiftKey ? 5 : 1)),
    ArrowRight: (player, event) => player.seek(player.now + (event.shiftKey ? 5 : 1)),
    Home: (player) => player.seek(0),
    End: (player) => player.seek(player.seconds),
    KeyL: (player) => player.setLoop(!player.loop),
    KeyX: (player) => player.setSide((player.side + 1) % player.sides.length),
    Escape: (player) => player.pause(),
  };

  // Letters by what they say, digits by where they are: on some keyboards Shift makes them.
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !players.length) return;
    const at = event.target;
    const isField = at.matches("input, textarea, select");
    if (event.key === " " ? at.matches("button, summary, a, input[type=number]") : isField && !/^(Digit|Key|Escape)/.test(event.code)) return;
    if (at.matches("input[type=number]")) return;
    const number = /^(Digit|Numpad)\d$/.test(event.code) ? Number(event.code.slice(-1)) : null;
    const name = event.key === " " ? "Space" : event.key.length === 1 ? `Key${event.key.toUpperCase()}` : event.key;
    if (number === null && !(name in KEYS)) return;
    event.preventDefault();
    if (event.repeat && !name.startsWith("Arrow")) return;
    if (number === null) KEYS[name](chosen(), event);
    else digit(chosen(), number, event.shiftKey);
  });

  function begin(before = []) {
    players = [...document.querySelectorAll(".scene")].map((scene) => new Player(scene, before.find((one) => one.key === scene.dataset.scene)));
    const used = new Set([...document.querySelectorAll("script.sound")].map((script) => script.dataset.digest));
    for (const key of decoded.keys()) if (!used.has(key)) decoded.delete(key);
  }

  const FOCUS = [".fader input", ".pan input", ".starts input", ".mute", ".solo", "summary", ".play", ".loop", ".reset", ".wave"];

  // Where the keyboard is, and which recipes are open, in words that hold in the next document too.
  function remembered() {
    const at = document.activeElement;
    const strip = at?.closest?.(".strip")?.dataset.element;
    const selector = FOCUS.find((one) => at?.matches?.(one));
    const open = [...document.querySelectorAll(".strip details[open]")].map((one) => one.closest(".strip").dataset.element);
    return { strip, selector, open };
  }

  function remember({ strip, selector, open }) {
    const items = [...document.querySelectorAll(".strip")];
    for (const item of items) if (open.includes(item.dataset.element)) item.querySelector("details").open = true;
    const within = strip === undefined ? document : items.find((item) => item.dataset.element === strip);
    if (selector) within?.querySelector(selector)?.focus({ preventScroll: true });
  }

  // Puts the main part of another document in the place of this one's; what plays goes on at its place.
  async function adopt(next) {
    const before = players;
    const playing = before.find((one) => one.isPlaying);
    const seen = remembered();
    for (const part of [".top", "main"]) document.querySelector(part).replaceWith(document.importNode(next.querySelector(part), true));
    document.title = next.title;
    begin(before);
    remember(seen);
    const player = playing && players.find((one) => one.key === playing.key);
    if (!player) { playing?.pause(); return; }
    current = player;
    player.isWanted = true;
    player.show();
    try {
      if (player.sounds.length) await player.deck.load();
      if (!player.isWanted) return;
      if (player.sounds.length) openAudio(player.rate, player.channels);
      await player.deck.start(Math.min(playing.isPlaying ? playing.now : player.place, player.seconds));
    } finally {
      playing.deck.stop();
      player.show();
      follow();
    }
  }

  begin();
  if (players.length === 1 && players[0].sounds.length) setTimeout(() => players[0].deck.load().catch(() => {}), 200);
  window.scenebuild = {
    adopt,
    get scenes() { return players; },
    render: (seconds, { scene, ...rest } = {}) => (players.find((one) => one.key === scene) ?? chosen()).render(seconds, rest),
  };
})();
