// The desk in the browser: pages without reload, one event stream, and nothing
// shown as known that is not.

import { Stream } from "./stream.js";
import { morph } from "./morph.js";
import { say, setClock, tick } from "./clock.js";
import { setLamps, loseLamps, findLamps } from "./lamps.js";
import { startSound, draw, ring, armed, setSpeaker, onArmed, endSound } from "./sound.js";
import { startCompose, drawState, flush, settle, letGo, keep } from "./compose.js";
import { startStash, dropStash, watchSelection } from "./stash.js";
import { startKeys, showKeys } from "./keys.js";
import { startPasskeys } from "./passkey.js";
import { pass, send, startProving } from "./browser.js";
import { startCall, startGuest } from "./call.js";

const live = document.body.dataset.live; // address of the worker; none on a page without a seat
const version = document.body.dataset.version;
let title = document.title;
let renewing = 0;
let lostSince = 0;
let ended = false; // the seat has

// enhance wires what the page just shown has.
function enhance() {
  for (const b of document.querySelectorAll("[data-print]")) b.hidden = false;
  title = document.title;
  startCompose();
  startStash();
  startCall();
  showKeys();
  draw();
  tick();
  drawState();
  ring();
  const said = document.getElementById("said");
  if (said) setTimeout(() => said.remove(), 15000);
  if (lostSince) loseLamps(lostSince);
  const url = new URL(location.href);
  if (url.searchParams.has("said")) {
    url.searchParams.delete("said");
    history.replaceState(null, "", url);
  }
}

function show(html, asked) {
  const page = new DOMParser().parseFromString(html, "text/html");
  if (document.title !== page.title) document.title = page.title;
  document.documentElement.lang = page.documentElement.lang;
  document.documentElement.dir = page.documentElement.dir;
  morph(document.body, page.body, !asked);
  enhance();
}

// hold returns what puts the focus, if that which has it now is gone then, near
// where it was: whoever works by keys does not begin again at the top.
function hold() {
  const held = document.activeElement;
  const near = held?.closest("section[id]");
  return () => {
    if (!held || held === document.body || held.isConnected || document.activeElement !== document.body) return;
    const place = near?.isConnected ? near : document.getElementById("main");
    if (!place.hasAttribute("tabindex")) place.tabIndex = -1;
    place.focus({ preventScroll: true });
  };
}

// renew fetches this page again. Nobody asked for it: nothing typed is touched,
// and the station takes it for no reading.
async function renew() {
  renewing = 0;
  if (underWay) return void (again = true);
  underWay = true;
  try {
    await fetchPage();
  } finally {
    underWay = false;
    if (again) {
      again = false;
      soon(0);
    }
  }
}

let underWay = false;
let again = false;

async function fetchPage() {
  const at = location.href;
  try {
    const r = await send(at, { headers: { "Parley-Live": "1" }, signal: AbortSignal.timeout(5000) });
    if (r.status === 401) return gone();
    const over = r.status === 404 && document.body.dataset.page === "callguest"; // his call has ended
    if ((!r.ok && r.status !== 423 && !over) || location.href !== at) return; // 423: locked, which is a page
    const html = await r.text();
    if (location.href !== at) return;
    const back = hold();
    show(html, false);
    back();
  } catch {
    // the stream will say that the station is lost
  }
}

// soon renews the page once for all that changes within a moment. A tab that
// nobody looks at has its timers held back: there it renews at once.
function soon(ms = 120) {
  if (document.hidden && !renewing) {
    renewing = -1;
    renew();
  } else renewing ||= setTimeout(renew, ms);
}

// go shows another page, or what an act led to.
async function go(href, options = {}) {
  const before = location.pathname;
  document.body.dataset.busy = "1";
  try {
    const r = await send(href, { ...options, signal: AbortSignal.timeout(30000) });
    const html = await r.text();
    const posted = options.method === "POST";
    if (!posted || r.redirected) history[options.back ? "replaceState" : "pushState"](null, "", r.url);
    const back = hold();
    show(html, true);
    if (location.pathname !== before && !options.back) {
      scrollTo(0, 0);
      if (!document.querySelector("main :focus")) document.getElementById("main")?.focus({ preventScroll: true });
    } else back();
    return true;
  } catch {
    notice(say("js.failed"));
    return false;
  } finally {
    delete document.body.dataset.busy;
  }
}

function notice(text) {
  const p = document.createElement("p");
  p.className = "problem";
  p.role = "alert";
  p.dataset.keep = "";
  p.textContent = text;
  document.getElementById("main")?.prepend(p);
}

function gone() {
  if (ended) return;
  ended = true;
  document.body.dataset.gone = "1";
  endSound();
  lostSince ||= Date.now();
  loseLamps(lostSince);
  notice(say("js.gone"));
}

function plain(a) {
  return a.target || a.hasAttribute("download") || a.dataset.plain !== undefined || a.origin !== location.origin || (a.hash && a.pathname === location.pathname && a.search === location.search);
}

function onClick(e) {
  if (e.target.closest("[data-print]")) return print();
  const a = e.target.closest("a[href]");
  if (!a || e.defaultPrevented || e.button || e.ctrlKey || e.metaKey || e.shiftKey || plain(a)) return;
  e.preventDefault();
  if (a.dataset.dropKept === undefined) flush();
  else letGo();
  go(a.href);
}

async function onSubmit(e) {
  const form = e.target;
  if (form.dataset.plain !== undefined || form.dataset.busy) return form.dataset.busy && e.preventDefault();
  e.preventDefault();
  form.dataset.busy = "1";
  const composing = form.getAttribute("id") === "compose";
  if (composing) await letGo();
  else await settle();
  const data = new FormData(form, e.submitter);
  const url = new URL(form.getAttribute("action"), location.href);
  if (form.getAttribute("method") === "get") {
    url.search = new URLSearchParams([...data].filter(([, v]) => v !== ""));
    delete form.dataset.busy;
    return go(url);
  }
  const body = form.getAttribute("enctype") === "multipart/form-data" ? data : new URLSearchParams(data);
  const ok = await go(url, { method: "POST", body });
  delete form.dataset.busy;
  if (ok && document.getElementById("said")) dropStash(form);
  if (!ok && composing) keep();
}

function hear(m) {
  switch (m.type) {
    case "beat":
      if (ended) break;
      setClock(m.beat.now + (Date.now() - (m.at ?? Date.now())));
      if (version && m.beat.version !== version) location.reload();
      if (!lostSince && setLamps(m.beat.lamps)) soon();
      ring(); // beats come from the worker, whose timers nobody holds back
      break;
    case "change":
      soon(m.event.kind === "draft" ? 1500 : m.event.kind === "alarm" ? 0 : 120); // draft: somebody types
      break;
    case "lost":
      lostSince = m.since;
      loseLamps(m.since);
      break;
    case "back":
      lostSince = 0;
      findLamps();
      flush();
      soon(0);
      break;
    case "gone":
      gone();
      break;
    case "again": // a seat was taken again, in another tab
      if (ended) location.reload();
      break;
    case "speaker":
      setSpeaker(m.speaker);
      break;
  }
}

function connect() {
  if (!("SharedWorker" in window)) {
    new Stream(hear);
    return;
  }
  const worker = new SharedWorker(document.body.dataset.binds === undefined ? live : `${live}?binds=1`, { type: "module", name: "parley" });
  worker.port.onmessage = (e) => hear(e.data);
  worker.port.start();
  onArmed((on) => worker.port.postMessage({ type: "armed", armed: on }));
  addEventListener("pagehide", () => worker.port.postMessage({ type: "bye" }));
  addEventListener("pageshow", (e) => e.persisted && location.reload());
}

// flashTitle makes the tab call when a FLASH rings, and when its seat has ended.
function flashTitle() {
  if (ended) return void (document.title = `!! ${say("js.sound_off")} · ${title}`);
  const on = /^flash/.test(document.getElementById("ring")?.dataset.ring) && Math.floor(Date.now() / 1000) % 2;
  const text = on ? `!! ${say("js.flash_title")}` : title;
  if (document.title !== text) document.title = text;
}

// onPlain gets leave for what the browser fetches by itself: files to keep.
async function onPlain(e) {
  const a = e.target.closest("a[href][download]");
  if (!a || a.dataset.passed !== undefined || a.origin !== location.origin || document.body.dataset.binds === undefined) return;
  e.preventDefault();
  e.stopImmediatePropagation();
  try {
    await pass();
  } catch {
    return notice(say("js.failed"));
  }
  a.dataset.passed = "";
  a.click();
  delete a.dataset.passed;
}

startPasskeys();
startProving(say);

// The page of a guest on a call has no session and no stream; it must not load
// anew, for the call would end with that.
if (document.body.dataset.page === "callguest") {
  document.addEventListener("submit", onSubmit);
  startGuest(renew);
  setInterval(tick, 1000);
  startCall();
}

if (live) {
  document.addEventListener("click", onPlain, true);
  startSound();
  connect();
  startKeys(go);
  watchSelection();
  document.addEventListener("click", onClick);
  document.addEventListener("submit", onSubmit);
  document.addEventListener("parley-renew", () => soon());
  addEventListener("popstate", () => go(location.href, { back: true }));
  setInterval(() => {
    tick();
    drawState();
    flashTitle();
    ring();
    draw();
  }, 1000);
  enhance();
}
