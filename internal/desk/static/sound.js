// Sound by precedence. A browser is mute until somebody clicks, so the state
// is always shown, and tested at the start of a watch.

import { say, hhmm, now } from "./clock.js";

// Tones: [frequency in Hz, start and length in s]. An exercise begins with the
// warble.
const tones = {
  flash: [[740, 0, 0.14], [988, 0.18, 0.14], [1319, 0.36, 0.3], [740, 0.8, 0.14], [988, 0.98, 0.14], [1319, 1.16, 0.3]],
  immediate: [[660, 0, 0.22], [880, 0.3, 0.3]],
  priority: [[587, 0, 0.3]],
  warble: [[500, 0, 0.09], [420, 0.1, 0.09], [500, 0.2, 0.09], [420, 0.3, 0.09]],
};
const every = { flash: 4000, immediate: 12000 };

let audio = null;
let tested = "";
let speaker = !("SharedWorker" in window);
let rang = 0;
let rangSeq = "";
let report = () => {};

export function armed() {
  return audio?.state === "running";
}

export function setSpeaker(on) {
  speaker = on;
}

export function onArmed(f) {
  report = f;
}

async function arm() {
  audio ??= new AudioContext();
  await audio.resume();
  sessionStorage.setItem("parley-armed", "1");
  draw();
}

// draw shows the state on the button.
export function draw() {
  const b = document.getElementById("sound");
  if (!b) return;
  b.hidden = false;
  const on = armed() ? "on" : "off";
  if (b.dataset.sound !== on) report(on === "on");
  b.dataset.sound = on;
  const text = on === "off" ? say("js.sound_off") : tested ? say("js.sound_tested", tested) : say("js.sound_on");
  b.querySelector(".sound-word").textContent = text;
  const test = document.getElementById("sound-test");
  if (test) test.hidden = false;
}

function play(name, after = 0) {
  for (const [hz, start, length] of tones[name]) {
    const o = audio.createOscillator();
    const g = audio.createGain();
    const t = audio.currentTime + after + start;
    o.frequency.value = hz;
    g.gain.setValueAtTime(0, t);
    g.gain.linearRampToValueAtTime(0.35, t + 0.015);
    g.gain.setValueAtTime(0.35, t + length - 0.03);
    g.gain.linearRampToValueAtTime(0, t + length);
    o.connect(g).connect(audio.destination);
    o.start(t);
    o.stop(t + length);
  }
}

async function test() {
  await arm();
  if (!armed()) return;
  play("priority");
  play("immediate", 0.8);
  play("flash", 1.8);
  tested = hhmm(now());
  draw();
}

// ring sounds what the page says rings, on the one tab that sounds.
export function ring() {
  const r = document.getElementById("ring");
  const what = r?.dataset.ring;
  if (!what || !armed() || !speaker) return;
  const fresh = rangSeq !== what + r.dataset.seq;
  if (!fresh && (!every[what] || Date.now() - rang < every[what])) return;
  rang = Date.now();
  rangSeq = what + r.dataset.seq;
  if (r.dataset.drill) play("warble");
  play(what, r.dataset.drill ? 0.6 : 0);
}

export function startSound() {
  document.addEventListener("click", (e) => {
    if (e.target.closest("#sound")) armed() ? test() : arm();
    else if (e.target.closest("#sound-test")) test();
    else if (sessionStorage.getItem("parley-armed") && !armed()) arm();
  });
  document.addEventListener("keydown", () => {
    if (sessionStorage.getItem("parley-armed") && !armed()) arm();
  });
  draw();
}
