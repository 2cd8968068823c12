// Passkeys: asks the station for a challenge, lets the browser answer it, and
// goes where the station says. A button names what for: sign-in, unlock, add.

import { say } from "./clock.js";
import { send } from "./browser.js";

async function post(path, body) {
  const r = await send(path, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/json" }, body: JSON.stringify(body), signal: AbortSignal.timeout(30000) });
  const answer = await r.json();
  if (r.ok) return answer;
  throw new Error([answer.error, answer.detail, answer.hint].filter(Boolean).join(" — "));
}

async function prove(what, name) {
  const { options, state } = await post(`/passkey/${what}/begin`, {});
  const made =
    what === "add"
      ? await navigator.credentials.create({ publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(options) })
      : await navigator.credentials.get({ publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(options) });
  return post(`/passkey/${what}/finish`, { state, name, response: made.toJSON() });
}

function complain(button, text) {
  const where = button.closest("section").querySelector("[data-passkey-problem]");
  where.textContent = text;
  where.hidden = false;
}

export function startPasskeys() {
  document.addEventListener("submit", async (e) => {
    const form = e.target.closest("form[data-passkey]");
    if (!form) return;
    e.preventDefault();
    e.stopImmediatePropagation();
    const button = form.querySelector("button");
    if (!window.PublicKeyCredential?.parseRequestOptionsFromJSON || !isSecureContext) return complain(button, say("js.no_passkeys"));
    button.disabled = true;
    try {
      const done = await prove(form.dataset.passkey, form.elements.namedItem("name")?.value ?? "");
      if (done.go) location.assign(done.go);
      else location.reload();
    } catch (err) {
      complain(button, err.name === "NotAllowedError" || err.name === "AbortError" ? say("js.passkey_stopped") : err.name === "InvalidStateError" ? say("js.passkey_known") : err.message);
    } finally {
      button.disabled = false;
    }
  }, true);
}
