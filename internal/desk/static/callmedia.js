// The media of a call: the microphone to the station, and the voices and pictures
// that the station puts in numbered slots. It knows nothing of who speaks: what a
// slot holds is said elsewhere. It connects again by itself until it is closed.

import { send as ask } from "./browser.js";

const FIRST = 300; // ms before a lost connection is tried again, doubled each time
const MOST = 4000; // and never longer than this
const PATIENCE = 1500; // ms that a connection may say "disconnected" before it is given up
const APPEAR = 8000; // ms from an answer to a connection
const DEAF = 3500; // ms in which nothing comes of a station that hears our voice: it reports every second
const MUTE = 9000; // the same of one that hears none, and only answers checks
const ASLEEP = 5000; // ms by which a timer comes late when the machine slept
const RAMP = 0.015; // s in which a gain is changed, so that nothing clicks
const PICTURE = 700000; // bit/s of the camera at most: voices come first

// What is asked of a microphone.
const MICROPHONE = { echoCancellation: true, noiseSuppression: true, autoGainControl: true, channelCount: 1, sampleRate: 48000 };

// microphone returns a stream, or throws an error whose code says why there is none:
// "insecure" (the page is not served so that a browser lends one), "refused" (the
// person or a policy said no), "none" (there is no microphone), "busy" (another
// program holds it), "unsuitable" (none does what was asked), or "failed".
export async function microphone(constraints = MICROPHONE) {
  if (!isSecureContext || !navigator.mediaDevices?.getUserMedia) throw problem("insecure");
  try {
    return await navigator.mediaDevices.getUserMedia({ audio: constraints, video: false });
  } catch (err) {
    throw problem(CODES[err.name] ?? "failed", err);
  }
}

const CODES = { NotAllowedError: "refused", SecurityError: "refused", NotFoundError: "none", NotReadableError: "busy", AbortError: "busy", OverconstrainedError: "unsuitable" };

function problem(code, cause) {
  const err = new Error(code, { cause });
  err.code = code;
  err.browser = cause?.name ?? ""; // as the browser calls it
  return err;
}

// connect joins a call and returns its handle. Options:
//   send        async (offer) => answer; or offerURL, where offers are posted. An error
//               with final: true ends the trying, and its code is told
//   stream      a stream to send; otherwise the microphone by constraints. null: none
//   camera      a stream to show
//   slots       voices heard at once, at most 8; pictures, at most 3
//   context     an AudioContext to play in; otherwise one is made
//   onslot      (slot, { node, track }) when a slot can be heard; node is after its gain
//   onpicture   (slot, stream) when a slot can be seen
//   onstate     ("connecting" | "live" | "lost", code)
//   onproblem   (code, error): "insecure" and the others of microphone, "ended" when it
//               was unplugged or taken back, "unheard" while the browser plays nothing
//               before a click, "heard" when it does again
export function connect(options) {
  return new Media(options);
}

class Media {
  constructor(o) {
    this.o = { slots: 8, pictures: 0, ...o };
    this.post = o.send ?? ((offer) => postOffer(o.offerURL, offer));
    this.context = o.context ?? new AudioContext({ latencyHint: "interactive" });
    this.gains = Array.from({ length: this.o.slots }, () => this.context.createGain());
    for (const g of this.gains) g.connect(this.context.destination);
    this.meter = this.context.createAnalyser();
    this.meter.fftSize = 1024;
    this.muted = false;
    this.state = "";
    this.tries = 0;
    this.turn = 0; // of connections: what comes of an older one is not heard
    this.camera = o.camera ?? null;
    this.watch();
    this.ready = this.begin();
  }

  // begin does not wait for the microphone: a person may take his time to lend it,
  // and without one the call is heard all the same.
  async begin() {
    this.tell("connecting");
    this.hearable();
    if (this.o.stream !== undefined) this.take(this.o.stream);
    const open = this.open();
    if (this.o.stream === undefined) await this.lend();
    await open;
  }

  async lend() {
    try {
      const stream = await microphone(this.o.constraints);
      if (this.closed || this.stream !== undefined) return stop(stream); // another is sent by now
      this.own = stream;
      await this.sender?.replaceTrack(this.take(stream));
    } catch (err) {
      if (!this.closed) this.o.onproblem?.(err.code ?? "failed", err);
    }
  }

  // take makes a stream the one that is sent and metered.
  take(stream) {
    this.stream = stream;
    this.tap?.disconnect();
    this.tap = null;
    const [track] = stream?.getAudioTracks() ?? [];
    if (track) {
      track.enabled = !this.muted;
      track.onended = () => this.stream === stream && !this.closed && this.o.onproblem?.("ended"); // unplugged, or taken back
      this.tap = this.context.createMediaStreamSource(new MediaStream([track]));
      this.tap.connect(this.meter);
    }
    return track ?? null;
  }

  // open makes one connection; a newer one takes its place.
  async open() {
    if (this.closed) return;
    const turn = ++this.turn;
    clearTimeout(this.timer);
    this.drop();
    const pc = (this.pc = new RTCPeerConnection({ bundlePolicy: "max-bundle", rtcpMuxPolicy: "require" }));
    this.old = null; // figures of before are of another connection
    pc.onconnectionstatechange = () => turn === this.turn && this.follow(pc);
    try {
      await this.offer(pc);
      const answer = await this.post(pc.localDescription.sdp);
      if (turn !== this.turn || this.closed) return pc.close();
      await pc.setRemoteDescription({ type: "answer", sdp: answer });
      this.heed(pc, turn);
      this.timer = setTimeout(() => turn === this.turn && pc.connectionState !== "connected" && this.again(), APPEAR);
    } catch (err) {
      if (turn !== this.turn || this.closed) return pc.close();
      if (err.final) return this.end(err.code ?? "ended");
      this.later();
    }
  }

  // offer names every slot, in its order. No address is waited for: the station
  // takes none out of an offer.
  async offer(pc) {
    const [voice] = this.stream?.getAudioTracks() ?? [];
    for (let i = 0; i < this.o.slots; i++) {
      const t = pc.addTransceiver(i === 0 && voice ? voice : "audio", { direction: i === 0 ? "sendrecv" : "recvonly" });
      if (i === 0) this.sender = t.sender;
      this.hear(i, t.receiver.track);
    }
    const [picture] = this.camera?.getVideoTracks() ?? [];
    for (let i = 0; i < this.o.pictures; i++) {
      const t = pc.addTransceiver(i === 0 && picture ? picture : "video", { direction: i === 0 ? "sendrecv" : "recvonly", ...(i === 0 && { sendEncodings: [{ maxBitrate: PICTURE }] }) });
      if (i === 0) this.shower = t.sender;
      this.o.onpicture?.(i, new MediaStream([t.receiver.track]));
    }
    await pc.setLocalDescription();
  }

  // hear joins a track to its slot. Chromium feeds an audio graph only with what an
  // element plays, too, be it mute.
  hear(slot, track) {
    const stream = new MediaStream([track]);
    const pump = new Audio();
    pump.muted = true;
    pump.srcObject = stream;
    pump.play().catch(() => {}); // it is mute: nobody misses it
    const node = this.context.createMediaStreamSource(stream);
    node.connect(this.gains[slot]);
    this.parts = [...(this.parts ?? []), { pump, node }];
    this.o.onslot?.(slot, { node: this.gains[slot], track });
  }

  follow(pc) {
    switch (pc.connectionState) {
      case "connected":
        clearTimeout(this.timer);
        this.tries = 0;
        [this.sum, this.moved] = [-1, Date.now()];
        this.tell("live");
        break;
      case "disconnected":
        clearTimeout(this.timer);
        this.timer = setTimeout(() => this.again(), PATIENCE);
        break;
      case "failed":
      case "closed":
        this.again();
    }
  }

  // heed notices that the station has said good-bye, which the state of the
  // connection itself shows seconds later.
  heed(pc, turn) {
    const t = pc.getSenders()[0]?.transport;
    if (t) t.onstatechange = () => turn === this.turn && ["closed", "failed"].includes(t.state) && this.again();
  }

  // listen notices that nothing comes any more, sooner than the browser does.
  async listen() {
    const pc = this.pc;
    if (this.state !== "live" || !pc || this.looking) return;
    this.looking = true;
    try {
      let sum = 0;
      for (const s of (await pc.getStats()).values()) if (s.type === "candidate-pair" && (s.nominated || s.selected)) sum += (s.bytesReceived ?? 0) + (s.responsesReceived ?? 0);
      if (pc !== this.pc || this.state !== "live") return;
      const now = Date.now();
      if (sum !== this.sum) [this.sum, this.moved] = [sum, now];
      const voice = this.stream?.getAudioTracks().some((t) => t.readyState === "live");
      if (now - this.moved > (voice ? DEAF : MUTE)) this.again();
    } finally {
      this.looking = false;
    }
  }

  // again connects anew, now.
  again() {
    if (this.closed) return;
    this.tell("lost");
    this.open();
  }

  // later connects anew after a while, longer each time.
  later() {
    this.tell("lost");
    this.drop();
    const wait = Math.min(MOST, FIRST * 2 ** this.tries++) * (0.75 + Math.random() / 2);
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.open(), wait);
  }

  // watch looks for a machine that slept, and for a network that is another one.
  watch() {
    let last = Date.now();
    this.pulse = setInterval(() => {
      const slept = Date.now() - last > 1000 + ASLEEP;
      last = Date.now();
      if (slept) this.woken();
      else this.listen();
    }, 1000);
    this.wake = () => this.woken();
    addEventListener("online", this.wake);
    addEventListener("pageshow", this.wake);
    document.addEventListener("visibilitychange", this.wake);
    this.click = () => this.context.state === "suspended" && this.context.resume();
    document.addEventListener("click", this.click);
    document.addEventListener("keydown", this.click);
    this.context.onstatechange = () => this.hearable();
  }

  woken() {
    this.moved = Date.now(); // the time asleep is not counted
    if (this.closed || document.hidden) return;
    if (this.context.state !== "running") this.context.resume();
    if (this.state === "lost" || ["failed", "closed", "disconnected"].includes(this.pc?.connectionState)) {
      this.tries = 0;
      this.again();
    }
  }

  // hearable says when what is played cannot be heard, and when it can again.
  hearable() {
    if (this.closed) return;
    if (this.context.state === "running") {
      if (this.unheard) this.o.onproblem?.("heard");
      this.unheard = false;
      return;
    }
    this.context.resume().catch(() => {}); // its state tells
    setTimeout(() => {
      if (this.closed || this.unheard || this.context.state === "running") return;
      this.unheard = true;
      this.o.onproblem?.("unheard");
    }, 700);
  }

  tell(state, code = "") {
    if (this.closed || (this.state === state && !code)) return;
    if (state === "lost" && this.state === "connecting" && !code) return; // it never was live
    this.state = state;
    this.o.onstate?.(state, code);
  }

  end(code) {
    this.tell("lost", code);
    this.close();
  }

  // gain sets how loud a slot is: 0 mute, 1 as it comes.
  gain(slot, value) {
    this.gains[slot].gain.setTargetAtTime(value, this.context.currentTime, RAMP);
  }

  // mute has the microphone send silence.
  mute(on) {
    this.muted = on;
    for (const t of this.stream?.getAudioTracks() ?? []) t.enabled = !on;
  }

  // replaceStream sends another stream, without a new connection. null sends none.
  async replaceStream(stream) {
    const track = this.take(stream);
    await this.sender?.replaceTrack(track);
    if (this.own && this.own !== stream) stop(this.own);
    this.own = null;
  }

  // replaceCamera shows another stream; null shows none.
  async replaceCamera(stream) {
    this.camera = stream;
    await this.shower?.replaceTrack(stream?.getVideoTracks()[0] ?? null);
  }

  // level is how loud the own microphone is, in dB below full: 0 to -127.
  level() {
    const b = new Float32Array(this.meter.fftSize);
    this.meter.getFloatTimeDomainData(b);
    const power = b.reduce((sum, x) => sum + x * x, 0) / b.length;
    return Math.max(-127, 10 * Math.log10(power * 2 || 1e-13));
  }

  // stats says how the connection did since it was last asked: loss and lossUp as
  // shares (down and up), jitter and rtt in ms; null what is not known.
  async stats() {
    const now = { got: 0, lost: 0, jitter: 0, rtt: null, up: null };
    for (const s of (await this.pc?.getStats())?.values() ?? []) {
      if (s.type === "inbound-rtp" && s.kind === "audio" && s.packetsReceived) {
        now.got += s.packetsReceived;
        now.lost += s.packetsLost;
        now.jitter = Math.max(now.jitter, s.jitter * 1000);
      } else if (s.type === "remote-inbound-rtp" && s.kind === "audio") {
        now.up = s.fractionLost ?? null;
        now.rtt ??= s.roundTripTime === undefined ? null : s.roundTripTime * 1000;
      } else if (s.type === "candidate-pair" && s.nominated && s.currentRoundTripTime !== undefined) now.rtt = s.currentRoundTripTime * 1000;
    }
    const old = this.old ?? { got: 0, lost: 0 };
    this.old = now;
    const all = now.got - old.got + now.lost - old.lost;
    return { state: this.state, loss: all > 0 ? Math.max(0, now.lost - old.lost) / all : null, lossUp: now.up, jitter: now.got ? now.jitter : null, rtt: now.rtt };
  }

  // drop ends the connection that is, and what hangs on it.
  drop() {
    if (this.pc) {
      this.pc.onconnectionstatechange = null;
      this.pc.close();
    }
    for (const { pump, node } of this.parts ?? []) {
      node.disconnect();
      pump.srcObject = null;
    }
    this.parts = [];
    this.pc = this.sender = this.shower = null;
  }

  close() {
    if (this.closed) return;
    this.closed = true;
    this.turn++;
    clearTimeout(this.timer);
    clearInterval(this.pulse);
    removeEventListener("online", this.wake);
    removeEventListener("pageshow", this.wake);
    document.removeEventListener("visibilitychange", this.wake);
    document.removeEventListener("click", this.click);
    document.removeEventListener("keydown", this.click);
    this.drop();
    this.tap?.disconnect();
    if (this.own) stop(this.own);
    for (const g of this.gains) g.disconnect();
    this.context.onstatechange = null;
    if (!this.o.context) this.context.close().catch(() => {});
  }
}

function stop(stream) {
  for (const t of stream.getTracks()) t.stop();
}

// postOffer gives an offer to the station. What it refuses for good ends the call
// here; everything else is tried again.
async function postOffer(url, offer) {
  const r = await ask(url, { method: "POST", headers: { Accept: "application/json", "Content-Type": "application/sdp" }, body: offer, signal: AbortSignal.timeout(10000) });
  if (r.ok) return r.text();
  const err = new Error(`the station answers ${r.status}`);
  err.final = [400, 401, 403, 404, 410, 413, 415, 422].includes(r.status);
  err.code = String(r.status);
  throw err;
}
