// morph turns one tree into another and leaves alone what is equal, so that
// focus, scrolling, open folds and typed text stay.
//
// live is a renewal that nobody asked for: it touches no field and nothing
// marked data-keep. Nothing ever touches what is marked data-own.

export function morph(from, to, live) {
  if (from.isEqualNode(to) || kept(from, live)) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || name(from) !== name(to) || (!live && from.nodeName === "FORM")) {
    from.replaceWith(document.importNode(to, true));
    return;
  }
  if (from.nodeType !== Node.ELEMENT_NODE) {
    if (from.nodeValue !== to.nodeValue) from.nodeValue = to.nodeValue;
    return;
  }
  if (live && /^(INPUT|TEXTAREA|SELECT)$/.test(from.nodeName)) return;
  attributes(from, to);
  children(from, to, live);
}

// name is the id of an element. The property will not do: in a form it is the
// field of that name, if there is one.
function name(node) {
  return node.nodeType === Node.ELEMENT_NODE ? node.getAttribute("id") ?? "" : "";
}

function kept(node, live) {
  return node.nodeType === Node.ELEMENT_NODE && (node.hasAttribute("data-own") || (live && node.hasAttribute("data-keep")));
}

function attributes(from, to) {
  for (const a of [...from.attributes]) {
    if (!to.hasAttribute(a.name) && !(a.name === "open" && from.nodeName === "DETAILS")) from.removeAttribute(a.name);
  }
  for (const a of to.attributes) {
    if (from.getAttribute(a.name) !== a.value) from.setAttribute(a.name, a.value);
  }
}

function children(from, to, live) {
  const named = new Map();
  for (const c of from.children) if (name(c)) named.set(name(c), c);
  let at = from.firstChild;
  for (const want of [...to.childNodes]) {
    const same = name(want) && named.get(name(want));
    if (same) {
      if (same !== at) from.insertBefore(same, at);
      else at = at.nextSibling;
      morph(same, want, live);
      continue;
    }
    while (at && kept(at, live) && !alike(at, want)) at = at.nextSibling;
    if (at && alike(at, want)) {
      const next = at.nextSibling;
      morph(at, want, live);
      at = next;
    } else {
      from.insertBefore(document.importNode(want, true), at);
    }
  }
  while (at) {
    const next = at.nextSibling;
    if (!kept(at, live)) at.remove();
    at = next;
  }
}

// alike reports whether b may take the place of a: elements of one kind, and
// neither has a name of its own.
function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && !name(a) && !name(b) && a.classList?.[0] === b.classList?.[0];
}
