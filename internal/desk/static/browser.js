// The browser proves that a session is its own: it signs the time with a key
// that no script can read out and no file holds open. In a desk that does not
// ask for it, requests go as they are.

const asked = globalThis.document ? document.body.dataset.binds !== undefined : new URL(location.href).searchParams.has("binds");
export const able = Boolean(globalThis.crypto?.subtle && globalThis.indexedDB);
const MOST = 6; // proofs in a row, where nothing comes of them: no cookies are kept
const GOOD = 20000; // ms that a proof is used again

let offset = globalThis.document?.body.dataset.now ? Number(document.body.dataset.now) - Date.now() : 0;
let pair; // promise of the key
let last = { at: 0, text: "" };

function store() {
  return new Promise((done, fail) => {
    const open = indexedDB.open("parley", 1);
    open.onupgradeneeded = () => open.result.createObjectStore("keys");
    open.onsuccess = () => done(open.result);
    open.onerror = () => fail(open.error);
  });
}

function request(r) {
  return new Promise((done, fail) => {
    r.onsuccess = () => done(r.result);
    r.onerror = () => fail(r.error);
  });
}

// theKey is the one of this browser; two tabs that make one at once end with the
// same.
async function theKey() {
  const db = await store();
  try {
    const there = await request(db.transaction("keys").objectStore("keys").get("browser"));
    if (there) return there;
    const made = await crypto.subtle.generateKey({ name: "ECDSA", namedCurve: "P-256" }, false, ["sign", "verify"]);
    const keys = db.transaction("keys", "readwrite").objectStore("keys");
    const first = await request(keys.get("browser"));
    if (first) return first;
    await request(keys.put(made, "browser"));
    return made;
  } finally {
    db.close();
  }
}

const key = () => (pair ??= theKey());

function text64(bytes) {
  return btoa(String.fromCharCode(...new Uint8Array(bytes)));
}

export async function proof() {
  if (!asked || !able) return "";
  const at = Date.now() + offset;
  if (Math.abs(at - last.at) > GOOD) {
    const { privateKey } = await key();
    const signed = await crypto.subtle.sign({ name: "ECDSA", hash: "SHA-256" }, privateKey, new TextEncoder().encode(`parley desk browser\n${at}`));
    last = { at, text: `${at}.${text64(signed).replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "")}` };
  }
  return last.text;
}

// send is fetch with a proof. Where the station's clock is another, it is taken
// over, and the request is sent once more.
export async function send(url, options = {}, again = true) {
  const p = await proof();
  const r = await fetch(url, p ? { ...options, headers: { ...options.headers, "Parley-Proof": p } } : options);
  const now = Number(r.headers.get("Parley-Now"));
  if (!p || !now || !again) return r;
  offset = now - Date.now();
  last = { at: 0, text: "" };
  return send(url, options, false);
}

// pass gets leave to open one page in the ordinary way.
export async function pass() {
  if (!asked || !able) return;
  const { publicKey } = await key();
  const browser = text64(await crypto.subtle.exportKey("raw", publicKey));
  const r = await send("/prove", { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify({ browser }), signal: AbortSignal.timeout(10000) });
  if (!r.ok) throw new Error((await r.json()).error);
}

// startProving is the page that stands before one that was asked for.
export async function startProving(say) {
  const problem = document.querySelector("[data-prove-problem]");
  const wait = document.querySelector("[data-prove-wait]");
  if (!problem) return sessionStorage.removeItem("proved"); // it led to the page that was asked for
  const fail = (text) => {
    wait.hidden = true;
    problem.textContent = text;
    problem.hidden = false;
  };
  const before = Number(sessionStorage.getItem("proved")) || 0; // proofs in a row that led to no page
  if (!able || before >= MOST) {
    sessionStorage.removeItem("proved");
    return fail(say("js.prove_failed"));
  }
  try {
    await pass();
    sessionStorage.setItem("proved", before + 1);
    location.replace(location.href);
  } catch (err) {
    fail(err.name === "Error" ? err.message : say("js.prove_failed"));
  }
}
