// Single keys. A key that would send something only moves to its button:
// nothing leaves by one keystroke.

let prefix = 0;

const off = () => localStorage.getItem("parley-keys") === "off";

function typing(el) {
  return el.closest("input:not([type=checkbox]):not([type=radio]), textarea, select, [contenteditable]");
}

export function startKeys(go) {
  document.addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target) || off()) return;
    if (act(e.key, go)) e.preventDefault();
  });
}

function act(key, go) {
  if (Date.now() - prefix < 1500) {
    prefix = 0;
    const a = document.querySelector(`[data-go="${CSS.escape(key)}"]`);
    if (a) go(a.href);
    return Boolean(a);
  }
  if (key === "g") {
    prefix = Date.now();
    return true;
  }
  if (key === "?") return go("/help"), true;
  if (key === "c") return go("/compose"), true;
  if (key === "j" || key === "k") return step(key === "j" ? 1 : -1);
  const target = document.querySelector(`[data-key="${CSS.escape(key)}"]`);
  target?.focus();
  return Boolean(target);
}

function step(by) {
  const rows = [...document.querySelectorAll(".row-subject")];
  if (!rows.length) return false;
  const at = rows.findIndex((r) => r === document.activeElement || r.closest(".row")?.contains(document.activeElement));
  rows[Math.min(rows.length - 1, Math.max(0, at < 0 ? 0 : at + by))].focus();
  return true;
}

// showKeys wires the switch of the help page.
export function showKeys() {
  const box = document.getElementById("keys-on");
  if (!box) return;
  box.disabled = false;
  box.checked = !off();
  box.onchange = () => localStorage.setItem("parley-keys", box.checked ? "on" : "off");
}
