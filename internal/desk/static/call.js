// The call on a page: the microphone, how loud each slot is, and what the station
// says of both. The media goes on while the pages of the desk change, and begins
// again by itself when a page is loaded again.

import { connect } from "./callmedia.js";
import { say } from "./clock.js";
import { findTerms } from "./terms.js";
import { wirePictures, takePicture, placePictures, dropPictures } from "./callshow.js";

const LOW = 0.2; // of the floor, underneath a booth
const ON = "parley-call"; // which call this tab was connected to
let media; // nil: not connected
let call; // which one it is connected to
let guest; // the timer that renews the page of a guest
let fault = ""; // why there is no microphone, or nothing is played
let muted = false; // at the station

// startCall wires the part of the page that is about a call, each time it is shown.
export function startCall() {
  keepClear();
  findTerms();
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
    button.addEventListener("click", () => join());
    document.getElementById("call-tone").addEventListener("click", tone);
    wirePictures(() => media);
    if (!media && sessionStorage.getItem(ON) === you.dataset.call) join(); // it was loaded again
    draw();
  }
  listen(read(you));
}

const read = (you) => JSON.parse(you?.dataset.you || "null");

// keepClear says how high the rail is, so that the turn stays below it: nothing
// that is pinned there covers whose turn it is.
function keepClear() {
  const rail = document.getElementById("rail");
  if (!rail || rail.dataset.watched) return;
  rail.dataset.watched = "1";
  new ResizeObserver(() => document.documentElement.style.setProperty("--rail", `${rail.offsetHeight}px`)).observe(rail);
}

// join connects to the call. It is asked for by a click, so that the browser plays;
// and again, where the microphone was refused, it asks for that anew.
function join() {
  fault = "";
  if (media) return media.lend().then(draw);
  const you = document.getElementById("you");
  call = you.dataset.call;
  sessionStorage.setItem(ON, call);
  const video = you.dataset.medium === "video";
  media = connect({
    offerURL: you.dataset.media,
    slots: 8,
    pictures: video ? 3 : 0,
    onpicture: takePicture,
    onstate: (state, code) => {
      if (code) {
        hangUp(); // for good
        fault = `failed ${code}`;
      }
      draw();
    },
    onproblem: (code) => {
      if (code !== "heard") fault = code;
      else if (fault === "unheard") fault = "";
      draw();
    },
  });
  listen(read(you));
  globalThis.parleyCall = media; // for whoever looks from outside: tests, and help at the desk
  pulse ||= setInterval(level, 100);
  draw();
}

let pulse = 0;

function hangUp() {
  media?.close();
  dropPictures();
  media = call = undefined;
  sessionStorage.removeItem(ON);
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
  placePictures(you.pictures ?? [], document.getElementById("you").dataset.speaks);
  if (muted !== Boolean(you.muted)) {
    muted = Boolean(you.muted);
    draw();
  }
  media.mute(muted);
}

function level() {
  const meter = document.getElementById("call-level");
  if (meter && media) meter.value = Math.max(0, Math.min(100, (media.level() + 60) / 0.6));
}

const faults = { refused: "js.call_denied", none: "js.call_no_device", insecure: "js.call_insecure", busy: "js.call_busy", ended: "js.call_ended", unheard: "js.call_unheard" };
const words = { connecting: "js.call_connecting", live: "js.call_live", lost: "js.call_lost" };

// draw says in one sentence how it stands.
function draw() {
  const device = document.getElementById("call-device");
  const text = document.getElementById("call-media");
  if (!device || !text) return;
  const state = media?.state ?? "";
  const lacks = Boolean(fault) && state !== "lost";
  const [kind, code] = fault.split(" ");
  device.dataset.state = lacks ? "failed" : state;
  if (lacks) text.textContent = code ? say("js.call_failed", code) : say(faults[kind] ?? "js.call_broken");
  else if (words[state]) text.textContent = say(state === "live" && muted ? "js.call_muted" : words[state]);
  document.getElementById("call-connect").hidden = Boolean(media) && (!fault || fault === "unheard");
  const camera = document.getElementById("call-camera");
  if (camera) camera.hidden = !media;
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
