// Sound by precedence. A browser is mute until somebody clicks, so the state
// is always shown, and tested at the start of a watch. ARMED means that an audio
// context runs now, and nothing less.

import { say, hhmm, now } from "./clock.js";
import { send } from "./browser.js";

// Tones: [frequency in Hz, start and length in s]. An exercise begins with the
// warble.
const tones = {
  flash: [[740, 0, 0.14], [988, 0.18, 0.14], [1319, 0.36, 0.3], [740, 0.8, 0.14], [988, 0.98, 0.14], [1319, 1.16, 0.3]],
  immediate: [[660, 0, 0.22], [880, 0.3, 0.3]],
  priority: [[587, 0, 0.3]],
  call: [[440, 0, 0.4], [480, 0, 0.4], [440, 0.6, 0.4], [480, 0.6, 0.4]], // as a telephone rings
  warble: [[500, 0, 0.09], [420, 0.1, 0.09], [500, 0.2, 0.09], [420, 0.3, 0.09]],
};
const every = { flash: 4000, immediate: 12000, call: 3000, "flash call": 4000 };
const both = 1.8; // s after which a call rings beside a FLASH
const STUCK = 2500; // ms in which the clock of a context that runs moves on
const LATE = 10000; // ms after which a test that was asked for is not played any more

let audio = null;
let moved = 0; // when the clock of the context last moved
let at = -1; // and where it stood
let speaker = !("SharedWorker" in window);
let ended = false; // the seat has: nothing is heard of the station any more
let asked = 0; // when a test was asked for that has not been played
let rang = 0;
let rangSeq = "";
let report = () => {};
let wake = () => {};

// armed reports whether what is played is heard: the context says that it runs,
// and its clock goes on. A machine that woke up may say the one without the other.
export function armed() {
  if (ended || audio?.state !== "running") return false;
  if (audio.currentTime !== at) [at, moved] = [audio.currentTime, Date.now()];
  return Date.now() - moved < STUCK;
}

export function setSpeaker(on) {
  speaker = on;
}

export function onArmed(f) {
  report = f;
  f(armed());
}

async function arm() {
  if (!audio) {
    audio = new AudioContext();
    audio.onstatechange = () => {
      draw();
      playTest();
    };
    keepAwake();
  }
  moved = Date.now();
  await Promise.race([audio.resume(), new Promise((done) => setTimeout(done, 1500))]);
  if (audio.state === "running") sessionStorage.setItem("parley-armed", "1");
  draw();
}

// endSound is for a page whose seat has ended, which hears of nothing more: it says
// NOT ARMED, and sounds once, for nobody may be looking at it.
export function endSound() {
  if (ended) return;
  if (armed() && speaker) play("immediate");
  ended = true;
  draw();
}

// keepAwake holds a lock for as long as the page lives: a browser that freezes
// tabs which nobody looks at leaves those alone that hold one.
function keepAwake() {
  navigator.locks?.request("parley-sound", { mode: "shared" }, () => new Promise((done) => (wake = done))).catch(() => {});
  addEventListener("pagehide", () => wake(), { once: true });
}

// testedKey is whose test it is: of this officer on this watch. Another who
// takes the watch tests again.
const testedKey = () => `parley-tested-${document.getElementById("ring")?.dataset.seat ?? ""}`;

// draw shows the state on the button.
export function draw() {
  const b = document.getElementById("sound");
  if (!b) return;
  b.hidden = false;
  const on = armed() ? "on" : "off";
  if (b.dataset.sound !== on) report(on === "on");
  b.dataset.sound = on;
  const tested = sessionStorage.getItem(testedKey());
  const text = on === "off" ? say("js.sound_off") : tested ? say("js.sound_tested", tested) : say("js.sound_on");
  const word = b.querySelector(".sound-word");
  if (word.textContent !== text) word.textContent = text;
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
  asked = Date.now();
  await arm();
  playTest();
}

// playTest plays the test that was asked for, once the machine's sound is there:
// Firefox may take seconds to open it.
function playTest() {
  if (!asked || !armed()) return;
  const late = Date.now() - asked > LATE;
  asked = 0;
  if (late) return;
  play("priority");
  play("immediate", 0.8);
  play("flash", 1.8);
  sessionStorage.setItem(testedKey(), hhmm(now()));
  draw();
  send("/sound-tested", { method: "POST", headers: { Accept: "application/json" } }).catch(() => {}); // the button shows it all the same
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
  what.split(" ").forEach((name, n) => play(name, (r.dataset.drill ? 0.6 : 0) + n * both));
}

export function startSound() {
  document.addEventListener("click", (e) => {
    if (e.target.closest("#sound")) test();
    else if (e.target.closest("#sound-test")) test();
    else if (sessionStorage.getItem("parley-armed") && !armed()) arm();
  });
  document.addEventListener("keydown", () => {
    if (sessionStorage.getItem("parley-armed") && !armed()) arm();
  });
  document.addEventListener("visibilitychange", draw);
  draw();
}
