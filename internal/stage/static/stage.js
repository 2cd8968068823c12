// The stage page: parts change as the server sends them, acts go without a
// reload, the theme is kept.
"use strict";

// morph makes the children of an element those of the new one, and touches
// nothing that is the same: focus, selection and motion stay.
function morph(old, now) {
  const want = [...now.childNodes];
  for (let i = 0; i < want.length; i++) {
    const have = old.childNodes[i];
    if (!have) { old.append(want[i]); continue; }
    if (have.isEqualNode(want[i])) continue;
    if (have.nodeType !== want[i].nodeType || have.nodeName !== want[i].nodeName) { have.replaceWith(want[i]); continue; }
    if (have.nodeType !== Node.ELEMENT_NODE) { have.nodeValue = want[i].nodeValue; continue; }
    for (const a of [...have.attributes]) {
      if (!want[i].hasAttribute(a.name) && !(have.nodeName === "DETAILS" && a.name === "open")) have.removeAttribute(a.name);
    }
    for (const a of want[i].attributes) if (have.getAttribute(a.name) !== a.value) have.setAttribute(a.name, a.value);
    morph(have, want[i]);
  }
  while (old.childNodes.length > want.length) old.lastChild.remove();
}

function show(parts) {
  for (const [id, html] of Object.entries(parts)) {
    const el = document.getElementById(id);
    if (!el) continue;
    const now = document.createElement("template");
    now.innerHTML = html;
    morph(el, now.content);
  }
}

const lost = document.getElementById("lost");
const stream = new EventSource("/stream");
let heard = Date.now();
stream.onmessage = (e) => { heard = Date.now(); lost.hidden = true; show(JSON.parse(e.data)); };
stream.onerror = () => { if (Date.now() - heard > 3000) old(); };
setInterval(() => { if (Date.now() - heard > 5000) old(); }, 1000);

// old takes the green from what is no longer measured.
function old() {
  lost.hidden = false;
  for (const l of document.querySelectorAll("[data-lamp]")) l.dataset.lamp = "unknown";
  for (const w of document.querySelectorAll(".lamp .word")) w.textContent = "UNKNOWN";
}

document.addEventListener("submit", (e) => {
  const f = e.target;
  if (!f.getAttribute("action").startsWith("/do/")) return;
  e.preventDefault();
  fetch(f.action, { method: "POST", body: new URLSearchParams(new FormData(f)), redirect: "manual" }).catch(old);
});

function theme(name) {
  if (name) document.documentElement.dataset.theme = name; else delete document.documentElement.dataset.theme;
  for (const b of document.querySelectorAll("[data-theme-to]")) b.setAttribute("aria-pressed", String(b.dataset.themeTo === name));
}
const asked = new URLSearchParams(location.search).get("theme");
theme(asked || localStorage.getItem("stage-theme") || "");
document.querySelector(".themes").addEventListener("click", (e) => {
  const b = e.target.closest("[data-theme-to]");
  if (!b) return;
  localStorage.setItem("stage-theme", b.dataset.themeTo);
  theme(b.dataset.themeTo);
});
