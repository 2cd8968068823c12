// Lamps between two renewals of the page: what the beat says, and unknown when
// nothing says anything.

import { say, hhmm, now } from "./clock.js";

function show(el, state, word) {
  el.dataset.state = state;
  const w = el.querySelector(".lamp-word");
  if (w && w.textContent !== word) w.textContent = word;
}

// setLamps shows the lamps of a beat and reports whether a state changed.
export function setLamps(lamps) {
  let changed = false;
  for (const el of document.querySelectorAll("[data-lamp]")) {
    const v = lamps?.[el.dataset.lamp];
    const state = v?.state || "unknown";
    if (el.dataset.state !== state) changed = true;
    if (v) el.dataset.proved = v.proved;
    show(el, state, say("lamp." + state));
    const paths = el.querySelector(".lamp-paths");
    if (paths && v && paths.textContent !== v.paths) paths.textContent = v.paths;
  }
  return changed;
}

// loseLamps shows every lamp unknown since a time of this machine.
export function loseLamps(since) {
  document.body.dataset.lost = "1";
  const text = say("js.unknown_since", hhmm(since + (now() - Date.now())));
  for (const el of document.querySelectorAll("[data-lamp]")) {
    show(el, "unknown", say("lamp.unknown"));
    const where = el.querySelector(".lamp-age");
    if (where) where.textContent = text;
    const paths = el.querySelector(".lamp-paths");
    if (paths) paths.textContent = "";
  }
  banner(true);
}

export function findLamps() {
  delete document.body.dataset.lost;
  banner(false);
}

function banner(on) {
  const b = document.getElementById("lost");
  if (b) b.hidden = !on;
}
