// A page that calls with a tone for a voice and says what it hears in each slot.
import { connect, microphone } from "./callmedia.js";

window.context = new AudioContext();
window.states = [];
window.problems = [];
const taps = [];

// tone is a stream of one pure tone.
function tone(hz) {
  const o = context.createOscillator();
  const g = context.createGain();
  const to = context.createMediaStreamDestination();
  o.frequency.value = hz;
  g.gain.value = 0.4;
  o.connect(g).connect(to);
  o.start();
  return to.stream;
}

// picture is a stream of a square that changes its colour.
function picture(hue) {
  const c = Object.assign(document.createElement("canvas"), { width: 160, height: 120 });
  const x = c.getContext("2d");
  let n = 0;
  setInterval(() => {
    x.fillStyle = `hsl(${hue} 100% 50%)`;
    x.fillRect(0, 0, 160, 120);
    x.fillStyle = "black";
    x.fillRect(n++ % 20, 0, 2, 2);
  }, 50);
  return c.captureStream(20);
}

window.join = (who, { hz, hue, pictures = 0, mic = false } = {}) => {
  const post = async (offer) => {
    window.offered = offer;
    const r = await fetch(`/join?who=${who}`, { method: "POST", body: offer });
    if (!r.ok) throw Object.assign(new Error(await r.text()), { final: r.status === 410, code: "over" });
    return (window.answered = await r.text());
  };
  window.call = connect({
    send: post,
    ...(mic ? {} : { stream: hz ? tone(hz) : null }),
    camera: hue === undefined ? null : picture(hue),
    pictures,
    context,
    onslot: (slot, { node }) => {
      taps[slot] ??= new AnalyserNode(context, { fftSize: 2048 });
      node.connect(taps[slot]);
    },
    onpicture: (slot, stream) => {
      const v = (window.videos ??= [])[slot] ?? document.createElement("video");
      Object.assign(v, { muted: true, autoplay: true, srcObject: stream });
      window.videos[slot] = v;
      v.play().catch(() => {});
    },
    onstate: (state, code) => states.push({ state, code, at: Date.now() }),
    onproblem: (code) => problems.push(code),
  });
  return true;
};

window.microphone = microphone;
window.speak = (hz) => call.replaceStream(hz ? tone(hz) : null).then(() => true);

// heard is how loud a frequency is in each slot, in dB of a full tone (Goertzel).
window.heard = (hz) =>
  taps.map((tap) => {
    const b = new Float32Array(tap.fftSize);
    tap.getFloatTimeDomainData(b);
    return Math.round(strength(b, hz) * 10) / 10;
  });

function strength(b, hz) {
  const w = 2 * Math.cos((2 * Math.PI * hz) / context.sampleRate);
  let p = 0, q = 0;
  for (let i = 0; i < b.length; i++) {
    const s = 0.5 - 0.5 * Math.cos((2 * Math.PI * i) / b.length); // Hann: a tone does not spill
    [p, q] = [b[i] * s + w * p - q, p];
  }
  return 20 * Math.log10((4 * Math.sqrt(Math.max(0, p * p + q * q - w * p * q))) / b.length + 1e-7);
}

// turned notes when a slot first holds a frequency over a loudness, looking every
// few milliseconds at the last 20 of them.
window.turned = (slot, hz, over = -30) => {
  window.turn = 0;
  const tap = taps[slot];
  const b = new Float32Array(1024);
  const all = new Float32Array(tap.fftSize);
  const timer = setInterval(() => {
    tap.getFloatTimeDomainData(all);
    b.set(all.subarray(all.length - b.length));
    if (strength(b, hz) < over) return;
    window.turn = Date.now();
    clearInterval(timer);
  }, 4);
  return true;
};

// hue is what colour a picture slot shows, or -1.
window.hue = (slot) => {
  const v = videos[slot];
  if (!v?.videoWidth) return -1;
  const c = Object.assign(document.createElement("canvas"), { width: 16, height: 16 });
  const x = c.getContext("2d");
  x.drawImage(v, 0, 0, 16, 16);
  const [r, g, b] = x.getImageData(8, 8, 1, 1).data;
  const max = Math.max(r, g, b), min = Math.min(r, g, b);
  if (max - min < 60) return -1;
  const h = max === r ? ((g - b) / (max - min)) % 6 : max === g ? (b - r) / (max - min) + 2 : (r - g) / (max - min) + 4;
  return Math.round((h * 60 + 360) % 360);
};
window.ready = true;
