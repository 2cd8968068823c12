// Keys of an entry, their commitment, and opening of its two parts
// (spec/entry.md).
import { createDecipheriv, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { encode } from './cbor.mjs';
import { refuse } from './refuse.mjs';
import { H, u64 } from './sign.mjs';

const MAX_PLAIN = 1 << 20, NONCE = Buffer.alloc(12);
const dictionary = readFileSync(new URL('../dictionary.txt', import.meta.url));

// hkdf is one block of HKDF-Expand: 32 bytes from a uniform key.
export const hkdf = (key, ...info) =>
  ['parley/v1 ', ...info, Buffer.from([1])].reduce((mac, part) => mac.update(part), createHmac('sha256', key)).digest();

export const headerKey = (key) => hkdf(key, 'header');
export const bodyKey = (key) => hkdf(key, 'body');
export const com = (key) => H('commitment of key', key);
export const commitment = (comHeader, comBody) => H('commitment of keys', Buffer.concat([comHeader, comBody]));

// A disclosure is [0, entry key] or [1, header key, com(body key)]. keysOf
// returns { header, body } (body null for kind 1) once they match C.
export function keysOf(disclosure, C) {
  const [kind, key, comBody] = disclosure, [header, body] = kind === 0 ? [headerKey(key), bodyKey(key)] : [key, null];
  if (!commitment(com(header), body ? com(body) : comBody).equals(C)) refuse('bad-commitment', 'the key is not the one the entry commits to');
  return { header, body };
}

export const additionalData = (origin, index, e) =>
  Buffer.concat([Buffer.from(`parley/v1 entry\0${origin}\0`), u64(index), encode([1, 0, e.epoch, e.time, e.seen, e.C])]);

// paddedLength is the one length that z bytes are padded to.
export function paddedLength(z) {
  const step = Math.ceil(z / 32) * 32;
  if (step <= 512) return step;
  const E = Math.floor(Math.log2(z)), S = Math.floor(Math.log2(E)) + 1, unit = 2 ** (E - S);
  return Math.ceil(z / unit) * unit;
}

function unpad(z) {
  const n = z.length < 2 ? Infinity : z.readUInt16BE(0);
  if (2 + n > z.length || paddedLength(2 + n) !== z.length) refuse('malformed', 'padding of the wrong length');
  if (z.subarray(2 + n).some((b) => b !== 0)) refuse('malformed', 'padding is not zero');
  return z.subarray(2, 2 + n);
}

export function inflate(compressed) {
  let out;
  try {
    out = inflateRawSync(compressed, { dictionary, maxOutputLength: MAX_PLAIN, info: true });
  } catch (e) {
    refuse(e.code === 'ERR_BUFFER_TOO_LARGE' ? 'oversize' : 'malformed', `decompressing: ${e.message}`);
  }
  return out.engine.bytesWritten === compressed.length ? out.buffer : refuse('malformed', 'the compressed stream ends before its length');
}

// openPart returns the plaintext of a sealed header or body.
export function openPart(key, aad, sealed) {
  if (sealed.length < 16) refuse('unreadable', 'sealed part shorter than its tag');
  const d = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: 16 });
  d.setAAD(aad).setAuthTag(sealed.subarray(-16));
  const z = d.update(sealed.subarray(0, -16));
  try {
    d.final();
  } catch {
    refuse('unreadable', 'the sealed part does not open');
  }
  return inflate(unpad(z));
}
