// Drafts as they are typed: kept in this browser at once, and at the station
// within a second. What the station does not have stays here until it does.

import { say, age, now } from "./clock.js";
import { send } from "./browser.js";

const PAUSE = 350; // ms after the last key
const LONGEST = 700; // ms after the first key that the station does not have, typing or not
const RETRY = 2000; // ms after a save that did not arrive

let form = null;
let dirty = false;
let busy = false;
let halted = false; // a conflict waits for the officer
let timer = 0;
let since = 0; // when the first key was pressed that the station does not have
let said = null; // text instead of "saved ... ago"

// stashKey names the officer: who sits here next finds nothing of it.
function stashKey() {
  const mine = `parley-draft-${form.dataset.officer}`;
  if (form.dataset.kept) return `${mine}-${form.dataset.kept}`;
  const id = form.elements.draft.value;
  return id && id !== "0" ? `${mine}-${id}` : `${mine}-new-${form.elements.line.value}-${form.elements.form.value}`;
}

function fields() {
  const list = [...new FormData(form)].filter(([, v]) => typeof v === "string");
  return list.filter(([k]) => k !== "then");
}

function stash() {
  sessionStorage.setItem(stashKey(), JSON.stringify(fields()));
}

const words = (list) => JSON.stringify(list.filter(([k]) => k !== "draft" && k !== "version" && k !== "officer" && k !== "page"));

// restore brings back what this browser kept and the station never got, with
// the version it was written over.
function restore() {
  const kept = JSON.parse(sessionStorage.getItem(stashKey()) ?? "null");
  if (!kept) return false;
  if (words(kept) === words(fields())) {
    sessionStorage.removeItem(stashKey());
    return false;
  }
  for (const el of form.elements) {
    if (!el.name || el.type === "submit" || el.name === "draft" || el.name === "line" || el.name === "form" || el.name === "officer") continue;
    const values = kept.filter(([k]) => k === el.name).map(([, v]) => v);
    if (el.type === "checkbox" || el.type === "radio") el.checked = values.includes(el.value);
    else if (values.length) el.value = values[0];
  }
  return true;
}

export function startCompose() {
  const found = document.getElementById("compose");
  if (found === form || (found && found.dataset.wired)) return;
  flush();
  form = found;
  dirty = busy = halted = false;
  said = null;
  if (!form) return;
  form.dataset.wired = "1";
  form.addEventListener("input", typed);
  form.addEventListener("change", typed);
  if (restore()) {
    said = say("js.restored");
    mark();
  }
  follow();
  if (!form.querySelector(":focus")) form.querySelector("[data-focus]")?.focus({ preventScroll: true });
}

function typed() {
  mark();
  follow();
}

function mark() {
  dirty = true;
  since ||= Date.now();
  stash();
  clearTimeout(timer);
  if (!halted) timer = setTimeout(save, Math.max(0, Math.min(PAUSE, since + LONGEST - Date.now())));
}

// follow shows what depends on the precedence, where the form has one.
function follow() {
  if (!form.elements.precedence) return;
  const p = form.elements.precedence.value;
  form.closest(".writing").dataset.flash = String(p === "FLASH");
  const two = document.getElementById("two-hands").dataset.words.split(" ").includes(p);
  form.querySelector(".when-two").hidden = !two;
  form.querySelector(".when-one").hidden = two;
}

async function save() {
  if (!form || !dirty || busy || halted) return;
  busy = true;
  dirty = false;
  since = 0;
  said = say("js.saving");
  const mine = form;
  const key = stashKey();
  const sent = fields();
  let r, answer;
  try {
    r = await send(form.dataset.save ?? "/drafts", { method: "POST", headers: { Accept: "application/json" }, body: new URLSearchParams(sent), signal: AbortSignal.timeout(5000) });
    answer = await r.json();
  } catch {
    r = null;
  }
  busy = false;
  if (r?.ok && sessionStorage.getItem(key) === JSON.stringify(sent)) sessionStorage.removeItem(key);
  if (mine !== form) return;
  if (r?.status === 401 || r?.status === 423) return later(say("js.kept_seat"));
  if (!r || r.status >= 500) return later(say("js.kept"));
  if (r.ok) return saved(answer, key);
  refused(answer);
}

function later(text) {
  dirty = true;
  said = text;
  clearTimeout(timer);
  timer = setTimeout(save, RETRY);
  drawState();
}

function saved(answer, key) {
  const first = key.includes("-new-");
  form.elements.version.value = answer.version;
  if (form.elements.draft) {
    form.elements.draft.value = answer.id;
    form.dataset.draft = answer.id;
  }
  if (first) {
    sessionStorage.removeItem(key);
    history.replaceState(null, "", `/draft/${answer.id}`);
    document.dispatchEvent(new Event("parley-renew")); // what only a saved draft has: files, discard
  }
  form.querySelector("#savestate").dataset.saved = answer.saved;
  said = null;
  if (dirty) mark();
  put("side", answer.side);
  drawState();
}

function refused(answer) {
  said = say("js.refused", [answer.error, answer.detail].filter(Boolean).join(": "));
  if (answer.conflict) {
    halted = true;
    form.elements.version.value = answer.version;
    put("conflict", answer.conflict);
    const keep = document.getElementById("keep-mine");
    keep.hidden = false;
    keep.onclick = () => {
      halted = false;
      put("conflict", '<div id="conflict" hidden></div>');
      mark();
      save();
    };
  }
  drawState();
}

function put(id, html) {
  const fresh = new DOMParser().parseFromString(html, "text/html").getElementById(id);
  if (fresh) document.getElementById(id)?.replaceWith(document.importNode(fresh, true));
}

export function drawState() {
  const el = document.getElementById("savestate");
  if (!el || !form) return;
  const at = Number(el.dataset.saved);
  const text = said ?? (dirty || !at ? say("js.not_saved") : say("js.saved", age(now() - 1000 * at)));
  if (el.textContent !== text) el.textContent = text;
  el.dataset.state = said ? "note" : dirty || !at ? "dirty" : "saved";
}

// flush saves at once: before the page goes away, and when the station is back.
export function flush() {
  clearTimeout(timer);
  if (dirty) save();
}

// settle saves at once and waits: another form of the page is about to change
// the draft.
export async function settle() {
  flush();
  while (busy) await new Promise((f) => setTimeout(f, 30));
}

// letGo forgets what was kept of a draft: the officer takes the station's
// version, or sends the form itself. It waits for a save that is under way.
export async function letGo() {
  if (!form) return;
  clearTimeout(timer);
  while (busy) await new Promise((f) => setTimeout(f, 30));
  clearTimeout(timer);
  dirty = false;
  sessionStorage.removeItem(stashKey());
}

// keep takes a letGo back: the form did not arrive.
export function keep() {
  said = say("js.kept");
  if (form) mark();
}
