"use strict";
const data = JSON.parse(document.getElementById("data").textContent);
const svgNS = "http://www.w3.org/2000/svg";
const stage = document.getElementById("stage"), list = document.getElementById("list"), slider = document.getElementById("at");
const clock = document.getElementById("clock"), play = document.getElementById("play"), speed = document.getElementById("speed"), now = document.getElementById("now");
const n = data.parties.length, W = 860, H = n > 2 ? 620 : 430;
stage.setAttribute("viewBox", `0 0 ${W} ${H}`);
const place = data.parties.map((p, i) => {
  if (n === 2) return { x: 190 + 480 * i, y: 200 };
  const a = -Math.PI / 2 + 2 * Math.PI * i / n;
  return { x: W / 2 + 290 * Math.cos(a), y: H / 2 + 15 + 215 * Math.sin(a) };
});
const index = Object.fromEntries(data.parties.map((p, i) => [p, i]));

function make(name, attrs, parent, text) {
  const e = document.createElementNS(svgNS, name);
  for (const k in attrs) e.setAttribute(k, attrs[k]);
  if (text !== undefined) e.textContent = text;
  parent.appendChild(e);
  return e;
}

function clockText(ms) {
  const d = Math.floor(ms / 864e5), s = new Date(ms % 864e5).toISOString().slice(11, 19);
  return (d ? d + "d " : "") + s;
}

// world is what the page shows: it is made anew from the first event on, or
// moved on by one.
let world, at = 0, timer = 0;
function fresh() {
  return { up: {}, run: data.parties.map(() => true), logs: data.parties.map(() => ({})), note: data.parties.map(() => ""), forked: {}, dots: [] };
}

function key(a, b) { return a < b ? a + " " + b : b + " " + a; }

function apply(e) {
  const i = index[e.who];
  world.dots = [];
  switch (e.what) {
    case "up": world.up[key(e.who, e.whom)] = (world.up[key(e.who, e.whom)] || 0) + 1; break;
    case "down": world.up[key(e.who, e.whom)] = Math.max(0, (world.up[key(e.who, e.whom)] || 0) - 1); break;
    case "stop": world.run[i] = false; world.note[i] = "stopped"; break;
    case "start": world.run[i] = true; world.note[i] = ""; world.logs[i] = Object.assign({}, e.size || {}); break;
    case "grew": for (const g in e.size) world.logs[i][g] = e.size[g]; break;
    case "alarm": world.note[i] = e.code; if (e.code === "fork") world.forked[e.ref] = true; break;
    case "generation": world.note[i] = "new generation"; break;
    case "said": world.dots.push([e.who, e.whom, e.kind]); break;
    case "calm": world.note = data.parties.map(() => ""); break;
  }
}

function draw() {
  stage.replaceChildren();
  for (let a = 0; a < n; a++) for (let b = a + 1; b < n; b++) {
    const up = world.up[key(data.parties[a], data.parties[b])] || 0;
    for (let c = 0; c < data.cables; c++) {
      const off = (c - (data.cables - 1) / 2) * 14;
      make("line", { x1: place[a].x, y1: place[a].y + off, x2: place[b].x, y2: place[b].y + off, class: c < up ? "cable up" : "cable" }, stage);
    }
  }
  for (const [who, whom, kind] of world.dots) {
    const f = place[index[who]], t = place[index[whom]];
    make("circle", { cx: f.x + (t.x - f.x) * .5, cy: f.y + (t.y - f.y) * .5, r: 6, class: "dot " + kind }, stage);
    make("text", { x: f.x + (t.x - f.x) * .5, y: f.y + (t.y - f.y) * .5 - 12, class: "dotname" }, stage, kind + (who < whom ? " \u2192" : " \u2190"));
  }
  data.parties.forEach((p, i) => station(p, i));
}

function station(p, i) {
  const g = make("g", { transform: `translate(${place[i].x - 125},${place[i].y - 75})`, class: world.run[i] ? "station" : "station off" }, stage);
  make("rect", { width: 250, height: 150, rx: 6 }, g);
  make("text", { x: 12, y: 24, class: "name" }, g, p);
  make("text", { x: 238, y: 24, class: "note" }, g, world.note[i]);
  const logs = Object.keys(world.logs[i]).sort(), step = Math.min(24, 112 / Math.max(1, logs.length));
  logs.forEach((l, k) => {
    const y = 38 + k * step, size = world.logs[i][l], owner = l.split("/")[0];
    make("rect", { x: 12, y: y, width: Math.max(2, 150 * size / data.most), height: Math.max(4, step - 8), class: "log p" + (index[owner] ?? 9) + (world.forked[l] ? " forked" : "") }, g);
    make("text", { x: 238, y: y + Math.max(6, step - 9), class: "size" }, g, l + "  " + size + (world.forked[l] ? "  FORK PROVED" : ""));
  });
}

function show(to) {
  to = Math.max(0, Math.min(data.events.length, to));
  if (to < at || !world) { world = fresh(); at = 0; }
  while (at < to) apply(data.events[at++]);
  slider.value = at;
  const e = data.events[Math.max(0, at - 1)];
  clock.textContent = clockText(e.at);
  now.textContent = e.text;
  draw();
  const from = Math.max(0, at - 40);
  list.replaceChildren();
  for (let i = at - 1; i >= from; i--) {
    const x = data.events[i];
    if (x.what === "said") continue;
    const li = document.createElement("li");
    li.className = x.what;
    const t = document.createElement("time");
    t.textContent = clockText(x.at);
    li.append(t, " " + x.text);
    list.appendChild(li);
  }
}

function tick() {
  if (at >= data.events.length) return stop();
  show(at + 1);
  const e = data.events[at - 1];
  const wait = { said: 60, grew: 90, up: 120, down: 120 }[e.what] || 900;
  timer = setTimeout(tick, wait / Number(speed.value));
}

function stop() { clearTimeout(timer); timer = 0; play.textContent = "Play"; }
play.addEventListener("click", () => { if (timer) return stop(); play.textContent = "Pause"; if (at >= data.events.length) show(0); tick(); });
slider.max = data.events.length;
slider.addEventListener("input", () => show(Number(slider.value)));
document.getElementById("next").addEventListener("click", () => {
  stop();
  let i = at;
  while (i < data.events.length && !["act", "alarm", "generation", "broken", "calm", "lost", "words"].includes(data.events[i].what)) i++;
  show(i + 1);
});
const start = Number(new URLSearchParams(location.hash.slice(1)).get("at"));
show(start || 1);
