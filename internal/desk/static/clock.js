// Clocks and ages that go on between two words of the station. All times are
// the station's: offset is its clock less this machine's.

const months = ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"];
const two = (n) => String(n).padStart(2, "0");

export const words = JSON.parse(document.body.dataset.words || "{}");
let offset = Number(document.body.dataset.now || Date.now()) - Date.now();

export function setClock(now) {
  offset = now - Date.now();
}

export function now() {
  return Date.now() + offset;
}

export function say(key, ...args) {
  return (words[key] ?? key).replace(/\{(\d)\}/g, (_, n) => args[n] ?? "");
}

export function age(ms) {
  const s = Math.max(0, Math.floor(ms / 1000));
  if (s < 60) return say("age.s", s);
  if (s < 3600) return say("age.m", Math.floor(s / 60));
  if (s < 48 * 3600) return say("age.h", Math.floor(s / 3600), two(Math.floor(s / 60) % 60));
  return say("age.d", Math.floor(s / 86400));
}

export function hhmm(ms) {
  const d = new Date(ms);
  return two(d.getUTCHours()) + two(d.getUTCMinutes()) + "Z";
}

function dtg(ms) {
  const d = new Date(ms);
  return `${two(d.getUTCDate())}${two(d.getUTCHours())}${two(d.getUTCMinutes())}Z ${months[d.getUTCMonth()]} ${two(d.getUTCFullYear() % 100)}`;
}

function put(el, text) {
  if (el.textContent !== text) el.textContent = text;
}

export function tick() {
  const t = now();
  for (const el of document.querySelectorAll("[data-clock]")) {
    if (el.dataset.clock === "dtg") put(el, dtg(t));
    else put(el, hhmm(t + 1000 * Number(el.dataset.clock)).slice(0, 4));
  }
  for (const el of document.querySelectorAll(".tick")) tickOne(el, t);
  for (const el of document.querySelectorAll("[data-lamp]")) lampAge(el, t);
  for (const el of document.querySelectorAll("[data-span]")) put(el, (el.dataset.text ?? "{0}").replace("{0}", span(t - Number(el.dataset.span), el.dataset.long !== undefined)));
}

// span is a length of time that runs: 1:48, from an hour on 1:14:22; long: 00:14:22.
function span(ms, long) {
  const s = Math.max(0, Math.floor(ms / 1000));
  const [h, m] = [Math.floor(s / 3600), Math.floor(s / 60) % 60];
  if (long) return `${two(h)}:${two(m)}:${two(s % 60)}`;
  return h ? `${h}:${two(m)}:${two(s % 60)}` : `${m}:${two(s % 60)}`;
}

function tickOne(el, t) {
  const at = 1000 * Number(el.dataset.at);
  if (el.dataset.tick === "since") put(el, el.dataset.text.replace("{0}", age(t - at)));
  else if (at > t) put(el, el.dataset.text.replace("{0}", age(at - t)));
  else {
    put(el, (el.dataset.late || el.dataset.text).replace("{0}", age(t - at)));
    el.classList.add("late");
    // What the page says changes with this time, though nobody does anything.
    if (el.dataset.renew !== undefined && t > at + 1500) {
      delete el.dataset.renew;
      document.dispatchEvent(new Event("parley-renew"));
    }
  }
}

function lampAge(el, t) {
  const at = 1000 * Number(el.dataset.proved);
  const state = el.dataset.state;
  const where = el.querySelector(".lamp-age");
  if (!where || document.body.dataset.lost) return;
  if (!at) put(where, say("lamp.never"));
  else put(where, say(state === "up" || state === "partly" ? "lamp.proved" : "lamp.last", age(t - at)));
}
