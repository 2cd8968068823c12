// The call on a page: the microphone, how loud each slot is, and what the station
// says of both. The media goes on while the pages of the desk change.

import { connect } from "./callmedia.js";
import { say } from "./clock.js";

const LOW = 0.2; // of the floor, underneath a booth
let media; // nil: not connected
let call; // which one it is connected to
let guest; // the timer that renews the page of a guest

// startCall wires the part of the page that is about a call, each time it is shown.
export function startCall() {
  const you = document.getElementById("you");
  if (!you?.dataset.call) {
    if (media && (guest || document.body.dataset.page === "call")) hangUp();
    if (guest) clearInterval(guest);
    return;
  }
  if (call && call !== you.dataset.call) hangUp();
  const button = document.getElementById("call-connect");
  if (button && !button.dataset.wired) {
    button.dataset.wired = "1";
    button.addEventListener("click", () => join(you.dataset.call, you.dataset.media));
    document.getElementById("call-tone").addEventListener("click", tone);
    draw(media ? media.state : "", "");
  }
  listen(JSON.parse(you.dataset.you || "null"));
}

// join connects to the call. It is asked for by a click, so that the browser plays.
function join(id, url) {
  if (media) return;
  call = id;
  media = connect({
    offerURL: url,
    slots: 8,
    pictures: 3,
    onstate: (state, code) => {
      draw(state, code);
      if (code) hangUp(); // for good
    },
    onproblem: (code) => code !== "heard" && draw("problem", code),
  });
  const you = document.getElementById("you");
  listen(JSON.parse(you?.dataset.you || "null"));
  globalThis.parleyCall = media; // for whoever looks from outside: tests, and help at the desk
  pulse ||= setInterval(level, 100);
}

let pulse = 0;

function hangUp() {
  media?.close();
  media = call = undefined;
  delete globalThis.parleyCall;
  clearInterval(pulse);
  pulse = 0;
}

// listen sets how loud each slot is, and mutes at the source what is muted at the
// station: no light stays on for nothing.
function listen(you) {
  if (!media || !you) return;
  const low = new Map((you.voices ?? []).map((v) => [v.slot, v.low]));
  for (let slot = 0; slot < 8; slot++) media.gain(slot, low.has(slot) ? (low.get(slot) ? LOW : 1) : 0);
  media.mute(Boolean(you.muted));
}

function level() {
  const meter = document.getElementById("call-level");
  if (meter && media) meter.value = Math.max(0, Math.min(100, (media.level() + 60) / 0.6));
}

function draw(state, code) {
  const device = document.getElementById("call-device");
  const text = document.getElementById("call-media");
  if (!device || !text) return;
  const words = { connecting: "js.call_connecting", live: "js.call_live", lost: "js.call_lost" };
  const problems = { refused: "js.call_denied", none: "js.call_no_device", insecure: "js.call_insecure" };
  device.dataset.state = state === "problem" ? "failed" : state;
  if (state === "problem") text.textContent = problems[code] ? say(problems[code]) : say("js.call_failed", code);
  else if (code) text.textContent = say("js.call_failed", code);
  else if (words[state]) text.textContent = say(words[state]);
  document.getElementById("call-connect").hidden = Boolean(state) && state !== "problem" && !code;
}

// tone plays a test tone in the loudspeaker: what cannot be heard here is not the
// other side's silence.
async function tone() {
  const context = media?.context ?? new AudioContext();
  await context.resume();
  const osc = context.createOscillator();
  const gain = context.createGain();
  osc.frequency.value = 660;
  gain.gain.setValueAtTime(0, context.currentTime);
  gain.gain.linearRampToValueAtTime(0.2, context.currentTime + 0.02);
  gain.gain.setTargetAtTime(0, context.currentTime + 0.8, 0.05);
  osc.connect(gain).connect(context.destination);
  osc.start();
  osc.stop(context.currentTime + 1.2);
  if (context !== media?.context) osc.onended = () => context.close();
}

// startGuest renews the page of a guest: he has no session, and so no stream.
export function startGuest(renew) {
  if (document.body.dataset.page !== "callguest" || guest) return;
  guest = setInterval(renew, 1000);
}
