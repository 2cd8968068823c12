// What is typed into long forms that have no draft at the station, such as a
// translation, kept in this browser until it is sent: for the officer who typed
// it, and nobody else. And words marked on the page, for the form that asks for
// them.

const key = (form) => `parley-stash-${form.dataset.stash}-${form.getAttribute("action")}`;
const fields = (form) => [...new FormData(form)].filter(([, v]) => typeof v === "string");

// startStash wires the forms of the page just shown, and puts back what was typed.
export function startStash() {
  for (const form of document.querySelectorAll("form[data-stash]")) {
    if (form.dataset.wired) continue;
    form.dataset.wired = "1";
    if (form.dataset.fresh === undefined) restore(form);
    else sessionStorage.setItem(key(form), JSON.stringify(fields(form))); // what was typed, on what stands at the station by now
    form.addEventListener("input", () => sessionStorage.setItem(key(form), JSON.stringify(fields(form))));
  }
  for (const a of document.querySelectorAll("a[data-unstash]")) { // leaves what was typed here behind
    a.onclick = () => document.querySelectorAll("form[data-stash]").forEach((form) => sessionStorage.removeItem(key(form)));
  }
}

function restore(form) {
  const kept = JSON.parse(sessionStorage.getItem(key(form)) ?? "null");
  if (!kept || fields(form).some(([k, v]) => k === "p" && v)) return;
  const at = {};
  for (const [name, value] of kept) {
    const el = form.querySelectorAll(`[name="${CSS.escape(name)}"]`)[(at[name] ??= 0)];
    at[name]++;
    if (el) el.value = value;
  }
  form.closest("details")?.setAttribute("open", "");
}

// dropStash forgets what was kept of a form, and what stands in it: it has been
// sent.
export function dropStash(form) {
  if (form.dataset.stash === undefined) return;
  sessionStorage.removeItem(key(form));
  for (const f of document.querySelectorAll("form[data-stash]")) if (key(f) === key(form)) f.reset(); // the page is another by now
}

let marked = "";

export function watchSelection() {
  document.addEventListener("selectionchange", () => {
    const s = getSelection();
    const text = s.toString().trim();
    if (text && s.anchorNode?.parentElement?.closest(".beside [data-class=ours]")) marked = text.replace(/\s+/g, " ");
  });
  document.addEventListener("toggle", (e) => {
    const field = e.target.open && e.target.querySelector?.("input[data-selection]");
    if (field && !field.value && marked) field.value = marked;
  }, true);
}
