// Deterministic CBOR (spec/conventions.md): strict decoding, encoding, and
// shapes. Integers are numbers, or BigInts beyond 2^53; byte strings are
// Buffers into the input; maps are Maps in the order of their bytes.
import { refuse } from './refuse.mjs';

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
const simple = new Map([[20, false], [21, true], [22, null]]);
const MAX_DEPTH = 8;

// decodeAt reads one item at pos and returns [value, position after it].
export function decodeAt(buf, pos = 0, depth = 0) {
  if (pos >= buf.length) refuse('malformed', 'CBOR ends early', { byte: pos });
  const major = buf[pos] >> 5;
  if (major === 7) {
    if (!simple.has(buf[pos] & 31)) refuse('malformed', 'floating point or unknown simple value', { byte: pos });
    return [simple.get(buf[pos] & 31), pos + 1];
  }
  if (major === 6) refuse('malformed', 'tags are not allowed', { byte: pos });
  const [n, start] = argument(buf, pos);
  if (major === 0) return [n, start];
  if (major === 1) return [typeof n === 'bigint' || n === Number.MAX_SAFE_INTEGER ? -1n - BigInt(n) : -1 - n, start];
  if (n > buf.length - start) refuse('malformed', 'length beyond the end', { byte: pos });
  if (major === 2) return [buf.subarray(start, start + n), start + n];
  if (major === 3) return [text(buf.subarray(start, start + n), pos), start + n];
  if (depth >= MAX_DEPTH) refuse('malformed', `nested deeper than ${MAX_DEPTH}`, { byte: pos });
  return major === 4 ? array(buf, start, n, depth + 1) : map(buf, start, n, depth + 1);
}

// decode reads exactly one item from the whole of buf.
export function decode(buf) {
  const [value, end] = decodeAt(buf);
  if (end !== buf.length) refuse('malformed', 'bytes after the CBOR item', { byte: end });
  return value;
}

function argument(buf, pos) {
  const info = buf[pos] & 31;
  if (info < 24) return [info, pos + 1];
  if (info > 27) refuse('malformed', 'indefinite or reserved length', { byte: pos });
  const width = 1 << (info - 24);
  if (pos + 1 + width > buf.length) refuse('malformed', 'CBOR ends early', { byte: pos });
  const n = width === 8 ? buf.readBigUInt64BE(pos + 1) : buf.readUIntBE(pos + 1, width);
  if (n < [24, 0x100, 0x10000, 0x100000000][info - 24]) refuse('malformed', 'integer or length not in its shortest form', { byte: pos });
  return [n <= Number.MAX_SAFE_INTEGER ? Number(n) : n, pos + 1 + width];
}

function text(bytes, pos) {
  try {
    return utf8.decode(bytes);
  } catch {
    return refuse('malformed', 'text is not UTF-8', { byte: pos });
  }
}

function array(buf, pos, n, depth) {
  const out = [];
  for (let i = 0; i < n; i++) {
    const [v, next] = decodeAt(buf, pos, depth);
    out.push(v);
    pos = next;
  }
  return [out, pos];
}

function map(buf, pos, n, depth) {
  const out = new Map();
  let last = null;
  for (let i = 0; i < n; i++) {
    const [k, mid] = decodeAt(buf, pos, depth);
    const raw = buf.subarray(pos, mid);
    if (last && Buffer.compare(last, raw) >= 0) refuse('malformed', 'map keys repeated or out of order', { byte: pos });
    last = raw;
    const [v, next] = decodeAt(buf, mid, depth);
    out.set(k, v);
    pos = next;
  }
  return [out, pos];
}

function head(major, n) {
  const big = BigInt(n), width = big < 24n ? 0 : big < 0x100n ? 1 : big < 0x10000n ? 2 : big < 0x100000000n ? 4 : 8;
  if (width === 0) return Buffer.from([(major << 5) | Number(n)]);
  const raw = Buffer.from(big.toString(16).padStart(2 * width, '0'), 'hex');
  return Buffer.concat([Buffer.from([(major << 5) | (24 + Math.log2(width))]), raw]);
}

// encode is the inverse of decode.
export function encode(v) {
  if (typeof v === 'number' || typeof v === 'bigint') return v >= 0 ? head(0, v) : head(1, -1n - BigInt(v));
  if (typeof v === 'string') return Buffer.concat([head(3, Buffer.byteLength(v)), Buffer.from(v)]);
  if (v instanceof Uint8Array) return Buffer.concat([head(2, v.length), v]);
  if (Array.isArray(v)) return Buffer.concat([head(4, v.length), ...v.map(encode)]);
  if (v instanceof Map) {
    const pairs = [...v].map(([k, x]) => [encode(k), encode(x)]).sort((a, b) => Buffer.compare(a[0], b[0]));
    return Buffer.concat([head(5, v.size), ...pairs.flat()]);
  }
  return Buffer.from([v === null ? 0xf6 : v ? 0xf5 : 0xf4]);
}

// plain turns a decoded value into JSON: bytes become hex, map keys text.
export function plain(v) {
  if (v instanceof Uint8Array) return Buffer.from(v).toString('hex');
  if (Array.isArray(v)) return v.map(plain);
  if (v instanceof Map) return Object.fromEntries([...v].map(([k, x]) => [String(plain(k)), plain(x)]));
  return typeof v === 'bigint' ? v.toString() : v;
}

// Shapes: predicates over decoded values; check refuses what does not fit.
export const uint = (v) => (typeof v === 'number' || typeof v === 'bigint') && v >= 0;
export const upTo = (max) => (v) => uint(v) && v <= max;
export const bytes = (n) => (v) => Buffer.isBuffer(v) && (n === undefined || v.length === n);
export const tstr = (v) => typeof v === 'string';
export const matching = (re) => (v) => tstr(v) && re.test(v);
export const list = (of, min = 0) => (v) => Array.isArray(v) && v.length >= min && v.every(of);
export const tuple = (...of) => (v) => Array.isArray(v) && v.length === of.length && of.every((f, i) => f(v[i]));
export const dict = (key, value, min = 0) => (v) => v instanceof Map && v.size >= min && [...v].every(([k, x]) => key(k) && value(x));
// fields: keys of must are there, keys of may can be; others only if open.
export const fields = (must, may = {}, open = false) => (v) => v instanceof Map && Object.keys(must).every((k) => v.has(Number(k))) &&
  [...v].every(([k, x]) => {
    const of = typeof k === 'number' ? must[k] ?? may[k] : undefined;
    return of ? of(x) : open;
  });

export function check(shape, value, what) {
  if (!shape(value)) refuse('malformed', `${what}: not of its shape`);
  return value;
}
