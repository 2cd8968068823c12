// The event stream and its silence. A station that says nothing for three
// seconds is lost: whoever shows lamps must then show them unknown.

import { proof, send } from "./browser.js";

const QUIET = 3000; // ms without a beat
const LOOK = 500; // ms between looks
const AGAIN = 2000; // ms before a closed stream is tried again

export class Stream {
  // again says that a stream before this one ended with its seat.
  constructor(tell, again = false) {
    this.tell = tell;
    this.again = again;
    this.heard = Date.now();
    this.lost = false;
    this.gone = false;
    this.open();
    this.looks = setInterval(() => this.look(), LOOK);
  }

  async open() {
    this.source?.close();
    this.opened = Date.now();
    const turn = (this.turn = {});
    let p = "";
    try {
      p = await proof();
    } catch {
      // the station says what it lacks
    }
    if (turn !== this.turn) return; // opened again meanwhile
    const s = (this.source = new EventSource(p ? `/events?proof=${p}` : "/events"));
    s.addEventListener("beat", (e) => this.beat(JSON.parse(e.data)));
    s.addEventListener("change", (e) => this.tell({ type: "change", event: JSON.parse(e.data) }));
    s.addEventListener("gone", () => this.ask());
    s.onerror = () => {
      if (s.readyState === EventSource.CLOSED) this.ask();
    };
  }

  beat(b) {
    this.heard = Date.now();
    this.last = { type: "beat", beat: b, at: this.heard };
    if (this.again) {
      this.again = false;
      this.tell({ type: "again" });
    }
    if (this.lost) {
      this.lost = false;
      this.tell({ type: "back" });
    }
    this.tell(this.last);
  }

  // ask finds out whether the seat has ended or the station only went away.
  async ask() {
    this.source?.close();
    if (this.gone) return;
    const stop = new AbortController();
    try {
      const r = await send("/events", { signal: stop.signal, headers: { Accept: "application/json" } });
      this.gone = r.status === 401;
    } catch {
      // unreachable: look says so
    }
    stop.abort();
    if (this.gone) {
      clearInterval(this.looks);
      this.tell({ type: "gone" });
    } else setTimeout(() => this.open(), AGAIN);
  }

  look() {
    const now = Date.now();
    if (this.gone || now - this.heard < QUIET) return;
    if (!this.lost) {
      this.lost = true;
      this.tell(this.state());
    }
    if (now - this.opened > QUIET + AGAIN) this.open(); // it may hang without an error
  }

  // state is what a page that joins late has to know.
  state() {
    if (this.gone) return { type: "gone" };
    return this.lost ? { type: "lost", since: this.heard } : this.last;
  }
}
