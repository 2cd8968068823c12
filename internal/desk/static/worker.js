// One stream for all tabs of this desk: a browser opens only six connections
// to a station, and every tab must stay live. It also chooses the one tab that
// sounds.

import { Stream } from "./stream.js";

const ports = new Map(); // port -> armed
let stream;

function tell(message) {
  for (const p of ports.keys()) p.postMessage(message);
}

function choose() {
  let chosen = false;
  for (const [p, armed] of ports) {
    p.postMessage({ type: "speaker", speaker: armed && !chosen });
    chosen ||= armed;
  }
}

self.onconnect = (e) => {
  const p = e.ports[0];
  ports.set(p, false);
  p.onmessage = (m) => {
    if (m.data.type === "bye") ports.delete(p);
    if (m.data.type === "armed") ports.set(p, m.data.armed);
    choose();
  };
  if (!stream || stream.gone) stream = new Stream(tell, Boolean(stream)); // whoever comes after a seat has ended may have another
  const now = stream.state();
  if (now) p.postMessage(now);
};
