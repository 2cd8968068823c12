// Refusals, and deterministic CBOR (spec/conventions.md): decoding, encoding and
// shapes. Integers are numbers, or BigInts beyond 2^53 - 1; byte strings are
// Buffers into the input; maps are Maps in the order of their bytes.
import { isUtf8 } from 'node:buffer';

// A refusal: the error kind of spec/errors.md, what is wrong, and where: the
// byte offset and item of a file, filled in by whoever knows it.
export class Refusal extends Error {}
export function refuse(kind, what, place = {}) {
  throw Object.assign(new Refusal(what), { kind, place });
}
// attempt runs fn; if it throws or gives nothing, that is a refusal of kind.
export function attempt(fn, kind, what) {
  let out, why;
  try {
    out = fn();
  } catch (e) {
    why = e;
  }
  return out || refuse(why?.code === 'ERR_BUFFER_TOO_LARGE' ? 'oversize' : kind, what);
}
// within runs fn; a refusal from it gets the place, unless it has a nearer one.
export function within(place, fn) {
  try {
    return fn();
  } catch (e) {
    if (e instanceof Refusal) e.place = e.place.item === undefined ? place : e.place;
    throw e;
  }
}

const simple = new Map([[20, false], [21, true], [22, null]]);
const STEPS = [24, 0x100, 0x10000, 0x100000000], MAX_DEPTH = 8, MAX_NUMBER = Number.MAX_SAFE_INTEGER;

// decodeAt reads one item at pos and returns [value, position after it].
export function decodeAt(buf, pos = 0, depth = 0) {
  const wrong = (what, byte = pos) => refuse('malformed', what, { byte });
  if (pos >= buf.length) wrong('CBOR ends early');
  const major = buf[pos] >> 5, info = buf[pos] & 31;
  if (major === 6) wrong('tags are not allowed');
  if (major === 7) return simple.has(info) ? [simple.get(info), pos + 1] : wrong('floating point or unknown simple value');
  const width = info < 24 ? 0 : 1 << (info - 24), start = pos + 1 + width;
  if (info > 27 || start > buf.length) wrong('indefinite, reserved or cut length');
  const big = width === 8 ? buf.readBigUInt64BE(pos + 1) : width ? buf.readUIntBE(pos + 1, width) : info;
  if (width && big < STEPS[info - 24]) wrong('integer or length not in its shortest form');
  const n = big <= MAX_NUMBER ? Number(big) : big;
  if (major === 0) return [n, start];
  if (major === 1) return [n < MAX_NUMBER ? -1 - n : -1n - BigInt(n), start];
  if (n > buf.length - start) wrong('length beyond the end');
  const raw = buf.subarray(start, start + n);
  if (major === 2) return [raw, start + n];
  if (major === 3) return isUtf8(raw) ? [raw.toString('utf8'), start + n] : wrong('text is not UTF-8');
  if (depth >= MAX_DEPTH) wrong(`nested deeper than ${MAX_DEPTH}`);
  const out = major === 4 ? [] : new Map();
  let at = start, key, last; // last: the bytes of the key before
  for (let i = 0; i < (major === 4 ? n : 2 * n); i++) {
    const [v, next] = decodeAt(buf, at, depth + 1), isKey = major === 5 && i % 2 === 0, bytesOf = buf.subarray(at, next);
    if (isKey && last && Buffer.compare(last, bytesOf) >= 0) wrong('map keys repeated or out of order', at);
    if (major === 4) out.push(v);
    else if (isKey) [key, last] = [v, bytesOf];
    else out.set(key, v);
    at = next;
  }
  return [out, at];
}

// decode reads exactly one item from the whole of buf.
export function decode(buf) {
  const [value, end] = decodeAt(buf);
  return end === buf.length ? value : refuse('malformed', 'bytes after the CBOR item', { byte: end });
}

function head(major, n) {
  const step = STEPS.filter((bound) => n >= bound).length;
  if (step === 0) return Buffer.from([(major << 5) | Number(n)]);
  return Buffer.from([(major << 5) | (23 + step), ...Buffer.from(n.toString(16).padStart(2 ** step, '0'), 'hex')]);
}

// encode is the inverse of decode.
export function encode(v) {
  if (typeof v === 'number' || typeof v === 'bigint') return v >= 0 ? head(0, v) : head(1, -1n - BigInt(v));
  if (typeof v === 'string') return Buffer.concat([head(3, Buffer.byteLength(v)), Buffer.from(v)]);
  if (v instanceof Uint8Array) return Buffer.concat([head(2, v.length), v]);
  if (Array.isArray(v)) return Buffer.concat([head(4, v.length), ...v.map(encode)]);
  if (!(v instanceof Map)) return Buffer.from([v === null ? 0xf6 : v ? 0xf5 : 0xf4]);
  const pairs = [...v].map((pair) => pair.map(encode)).sort((a, b) => Buffer.compare(a[0], b[0]));
  return Buffer.concat([head(5, v.size), ...pairs.flat()]);
}

// plain turns a decoded value into JSON: bytes become hex, map keys text.
export function plain(v) {
  if (v instanceof Uint8Array) return hex(v);
  if (Array.isArray(v)) return v.map(plain);
  if (v instanceof Map) return Object.fromEntries([...v].map(([k, x]) => [String(plain(k)), plain(x)]));
  return typeof v === 'bigint' ? v.toString() : v;
}
export const hex = (b) => Buffer.from(b).toString('hex');

// Shapes: predicates over decoded values; check refuses what does not fit.
export const uint = (v) => typeof v === 'number' && v >= 0;
export const upTo = (max) => (v) => uint(v) && v <= max;
export const bytes = (n) => (v) => Buffer.isBuffer(v) && (n === undefined || v.length === n);
export const tstr = (v) => typeof v === 'string';
export const matching = (re) => (v) => tstr(v) && re.test(v);
export const list = (of, min = 0) => (v) => Array.isArray(v) && v.length >= min && v.every(of);
export const tuple = (...of) => (v) => Array.isArray(v) && v.length === of.length && of.every((f, i) => f(v[i]));
export const dict = (key, value, min = 0) => (v) => v instanceof Map && v.size >= min && [...v].every(([k, x]) => key(k) && value(x));
// fields: keys of must are there, keys of may can be; others only if open.
export const fields = (must, may = {}, open = false) => (v) => v instanceof Map && Object.keys(must).every((k) => v.has(Number(k))) &&
  [...v].every(([k, x]) => typeof k === 'number' && (must[k] ?? may[k] ?? (() => open))(x));

export const check = (shape, value, what) => (shape(value) ? value : refuse('malformed', `${what}: not of its shape`));
