// The pictures of a call: one large, of whoever has the turn, else of the first;
// the others small. Sound does not depend on any of it: a picture that stops says
// so, and a camera whose way is too poor is switched off.

import { say } from "./clock.js";

const PAUSED = 3000; // ms without a new picture
const POOR = 0.1; // share of our voice that the station lacks
const TRIES = 3; // looks, of 2 s, at which it was so, before the camera goes
const CAMERA = { width: { ideal: 640 }, height: { ideal: 360 }, frameRate: { ideal: 15 } };

const streams = []; // by slot
const places = new Map(); // by slot, and "self": { figure, frames, at }
let camera; // the own one that is on
let get = () => undefined; // the media
let poor = 0;
let looks = 0;
let last = { pictures: [], speaks: "" };

// wirePictures wires the part of the page that shows them.
export function wirePictures(media) {
  get = media;
  places.clear();
  document.getElementById("call-camera")?.addEventListener("click", flip);
  placePictures(last.pictures, last.speaks);
  showSelf();
}

// takePicture is given what a slot shows, for each connection anew.
export function takePicture(slot, stream) {
  streams[slot] = stream;
  const p = places.get(slot);
  if (p) play(p, stream);
  looks ||= setInterval(look, 1000);
}

// placePictures gives everybody who is seen his place.
export function placePictures(pictures, speaks = "") {
  last = { pictures, speaks };
  const room = document.getElementById("call-pictures");
  if (!room) return;
  const large = pictures.find((x) => `${x.party}:${x.person}` === speaks) ?? pictures[0];
  for (const [slot, p] of places) {
    if (slot === "self" || pictures.some((x) => x.slot === slot)) continue;
    p.figure.remove();
    places.delete(slot);
  }
  for (const x of pictures) {
    const p = places.get(x.slot) ?? make(room, x.slot);
    p.name.textContent = x.name;
    p.figure.toggleAttribute("data-large", x === large);
  }
  room.hidden = !places.size;
}

function make(room, slot) {
  const figure = document.createElement("figure");
  const video = document.createElement("video");
  const caption = document.createElement("figcaption");
  const [name, word] = [document.createElement("bdi"), document.createElement("span")];
  name.dir = "auto";
  word.role = "status";
  Object.assign(video, { muted: true, playsInline: true, autoplay: true }); // voices come another way
  caption.append(name, " ", word);
  figure.append(video, caption);
  figure.dataset.slot = slot;
  room.append(figure);
  const p = { figure, video, name, word, frames: -1, at: Date.now() };
  places.set(slot, p);
  if (streams[slot]) play(p, streams[slot]);
  return p;
}

function play(p, stream) {
  [p.frames, p.at] = [-1, Date.now()];
  p.video.srcObject = stream;
  p.video.play().catch(() => {}); // it is shown when it comes
}

// look notices pictures that stop, and a way that is too poor for ours.
async function look() {
  for (const [slot, p] of places) {
    if (slot === "self") continue;
    const n = p.video.getVideoPlaybackQuality().totalVideoFrames;
    if (n !== p.frames) [p.frames, p.at] = [n, Date.now()];
    const paused = Date.now() - p.at > PAUSED;
    p.figure.toggleAttribute("data-paused", paused);
    const text = paused ? say("js.call_paused") : "";
    if (p.word.textContent !== text) p.word.textContent = text;
  }
  if (!camera || ++look.turn % 2) return;
  const { lossUp } = (await get()?.stats()) ?? {};
  poor = lossUp > POOR ? poor + 1 : 0;
  if (poor >= TRIES) {
    off();
    tell("js.call_picture_poor");
  }
}
look.turn = 0;

async function flip() {
  tell("");
  if (camera) return off();
  try {
    camera = await navigator.mediaDevices.getUserMedia({ video: CAMERA });
  } catch {
    return tell("js.call_no_camera");
  }
  if (!get()) return off();
  camera.getVideoTracks()[0].onended = off; // unplugged, or taken back
  await get().replaceCamera(camera);
  showSelf();
}

function off() {
  for (const t of camera?.getTracks() ?? []) t.stop();
  camera = undefined;
  poor = 0;
  get()?.replaceCamera(null);
  showSelf();
}

function showSelf() {
  const button = document.getElementById("call-camera");
  const room = document.getElementById("call-pictures");
  if (!button || !room) return;
  button.textContent = say(camera ? "js.call_camera_off" : "js.call_camera_on");
  button.ariaPressed = String(Boolean(camera));
  if (camera) {
    const p = places.get("self") ?? make(room, "self");
    p.name.textContent = say("js.call_self");
    play(p, camera);
  } else {
    places.get("self")?.figure.remove();
    places.delete("self");
  }
  room.hidden = !places.size;
}

// tell says what is so of our own camera.
function tell(key) {
  document.getElementById("call-camera-word")?.remove();
  if (!key) return;
  const p = document.createElement("p");
  Object.assign(p, { id: "call-camera-word", className: "call-word", role: "status", textContent: say(key) });
  document.getElementById("call-device")?.append(p);
}

// dropPictures forgets them: the call is over, or left.
export function dropPictures() {
  if (camera) off();
  for (const p of places.values()) p.figure.remove();
  places.clear();
  streams.length = 0;
  last = { pictures: [], speaks: "" };
  clearInterval(looks);
  looks = 0;
}
