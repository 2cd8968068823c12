// morph turns one tree into another and leaves alone what is equal, so that
// focus, scrolling, open folds and typed text stay.
//
// live is a renewal that nobody asked for: it touches no field and nothing
// marked data-keep. Nothing ever touches what is marked data-own. What has the
// focus is never moved, for moving takes the focus, and a key that is down; and
// a form that would send something else is another form, so that no button
// comes to mean what it did not mean when it was reached.

export function morph(from, to, live) {
  if (from.isEqualNode(to) || kept(from, live)) return;
  if (from.nodeType !== to.nodeType || from.nodeName !== to.nodeName || name(from) !== name(to) || (from.nodeName === "FORM" && !staysForm(from, to, live))) {
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

// children matches the nodes of two lists: those with a name by it, the others
// in their order, each with the nearest that is alike.
function children(from, to, live) {
  const wanted = [...to.childNodes];
  const names = new Set(wanted.map(name));
  const named = new Map([...from.children].filter((c) => name(c) && names.has(name(c))).map((c) => [name(c), c]));
  let at = from.firstChild;
  wanted.forEach((want, n) => {
    const same = name(want) && named.get(name(want));
    if (same) {
      named.delete(name(want));
      if (same === at) at = at.nextSibling;
      else if (same.contains(document.activeElement)) at = giveWay(at, same);
      else from.insertBefore(same, at);
      morph(same, want, live);
      return;
    }
    while (at && kept(at, live) && !alike(at, want)) at = at.nextSibling;
    const match = nearest(at, want, wanted.slice(n + 1));
    if (!match) return void from.insertBefore(document.importNode(want, true), at);
    for (; at !== match; ) {
      const next = at.nextSibling;
      if (!kept(at, live) && !named.has(name(at))) at.remove();
      at = next;
    }
    at = match.nextSibling;
    morph(match, want, live);
  });
  while (at) {
    const next = at.nextSibling;
    if (!kept(at, live)) at.remove();
    at = next;
  }
}

// nearest returns the next node from at on that is alike, or null when one that
// stands before it is wanted about as soon: then want is new. White space
// between elements counts for nothing.
function nearest(at, want, later) {
  if (!at || alike(at, want)) return at;
  if (want.nodeType !== Node.ELEMENT_NODE) return null;
  const soon = later.filter((w) => w.nodeType === Node.ELEMENT_NODE);
  const passed = [];
  for (let node = at; node; node = node.nextSibling) {
    if (node.nodeType !== Node.ELEMENT_NODE) continue;
    if (alike(node, want)) return node;
    passed.push(node);
    const next = soon.slice(0, passed.length);
    if (passed.some((p) => next.some((w) => alike(p, w) || (name(p) && name(p) === name(w))))) return null;
  }
  return null;
}

// giveWay puts what stands from at up to node behind it, and returns what is
// next to be looked at. A node that stands before at stays there.
function giveWay(at, node) {
  if (!at || !(at.compareDocumentPosition(node) & Node.DOCUMENT_POSITION_FOLLOWING)) return at;
  for (const after = node.nextSibling; at !== node; ) {
    const next = at.nextSibling;
    node.parentNode.insertBefore(at, after);
    at = next;
  }
  return node.nextSibling;
}

// alike reports whether b may take the place of a: elements of one kind, and
// neither has a name of its own.
function alike(a, b) {
  return a.nodeType === b.nodeType && a.nodeName === b.nodeName && !name(a) && !name(b) && a.classList?.[0] === b.classList?.[0] &&
    (a.nodeName !== "FORM" || sameForm(a, b));
}

// staysForm reports whether a form may stay when the page is renewed: one that
// sends the same, and, where somebody asked for the page, has nothing typed.
function staysForm(from, to, live) {
  return sameForm(from, to) && (live || !from.querySelector("input:not([type=hidden]), textarea, select"));
}

// sameForm reports whether two forms send the same to the same address, save
// what somebody types.
function sameForm(a, b) {
  const sends = (f) => JSON.stringify([f.getAttribute("action"), ...[...f.querySelectorAll("input[type=hidden]")].map((i) => [i.name, i.value])]);
  return sends(a) === sends(b);
}
