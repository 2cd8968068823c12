// Entries (spec/entry.md): the clear part, the body of an epoch entry, and
// header and body under a disclosed key.
import { createDecipheriv, createHmac } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { inflateRawSync } from 'node:zlib';
import { attempt, bytes, check, decode, dict, encode, fields, list, refuse, tstr, tuple, uint, upTo } from './cbor.mjs';
import { office, partyCode } from './papers.mjs';
import { H, u64 } from './sign.mjs';

const MAX_ENTRY = 65535, MAX_SEEN = 64, MAX_LIST = 64;
const seen = dict(bytes(8), uint);
const sealedShape = tuple(uint, uint, uint, uint, seen, bytes(32), bytes(), bytes());
const epochShape = tuple(uint, uint, uint, uint, seen, bytes());
const epochBody = fields({ 1: bytes(32), 2: dict(partyCode, tuple(bytes(8), bytes(1120), bytes(48)), 1) }, { 3: bytes(), 4: bytes(1216) });
const ref = tuple(bytes(8), uint), address = tuple(partyCode, office);
const headerShape = fields({ 1: tstr, 3: office }, { 2: uint, 4: list(address), 5: list(address), 6: upTo(3), 7: (v) => upTo(8)(v) && v > 0,
  8: list(ref), 9: tstr, 10: tstr, 11: uint, 12: ref, 13: upTo(1) }, true);
const headerNames = [, 'form', 'serial', 'from', 'to', 'info', 'precedence', 'marker', 'refs', 'language', 'exercise', 'drafted', 'opened', 'series'];
export const PRECEDENCE = ['ROUTINE', 'PRIORITY', 'IMMEDIATE', 'FLASH'];

// parseEntry reads the clear part. An entry of another version comes back as
// { version, unsupported: true } and nothing of it is used.
export function parseEntry(raw) {
  if (raw.length > MAX_ENTRY) refuse('oversize', `entry of ${raw.length} bytes`);
  const a = check(list(() => true, 1), decode(raw), 'entry');
  check(uint, a[0], 'version of an entry');
  if (a[0] !== 1) return { version: a[0], unsupported: true, time: null };
  const epochEntry = a[1] === 1;
  if (!epochEntry && a[1] !== 0) refuse('malformed', 'epoch bit is neither 0 nor 1');
  check(epochEntry ? epochShape : sealedShape, a, 'entry');
  const e = { version: 1, epochEntry, epoch: a[2], time: a[3], seen: a[4] };
  if (e.seen.size > MAX_SEEN) refuse('oversize', `${e.seen.size} names in one seen`);
  if (!epochEntry) return { ...e, C: a[5], header: a[6], body: a[7] };
  const body = check(epochBody, decode(a[5]), 'epoch entry body');
  return { ...e, commitment: body.get(1), shares: body.get(2), certificate: body.get(3) };
}

// openEntry opens a sealed entry with a disclosure: { header, names, body }.
// body is null where the key opens the header alone.
export function openEntry(origin, index, e, disclosure) {
  const keys = keysOf(disclosure, e.C), aad = additionalData(origin, index, e);
  const headerBytes = openPart(keys.header, aad, e.header);
  const header = check(headerShape, decode(headerBytes), 'header');
  const count = (...keys) => keys.reduce((n, k) => n + (header.get(k)?.length ?? 0), 0);
  if (count(4, 5) > MAX_LIST || count(8) > MAX_LIST) refuse('bad-form', 'too many addressees or references');
  if (header.get(2) === 0) refuse('bad-serial', 'serial 0');
  const named = Object.fromEntries([...header].map(([k, v]) => [headerNames[k] ?? `unknown ${k}`, v]));
  if (!keys.body) return { header, headerBytes, named, body: null };
  const bodyBytes = openPart(keys.body, aad, e.body);
  const [body, end] = check(tuple((v) => v instanceof Map, uint), decode(bodyBytes), 'body');
  if (end !== (header.get(2) ?? 0)) refuse('bad-serial', `the body ends with ${end}, the header has ${header.get(2) ?? 'no serial'}`);
  return { header, headerBytes, named, body, bodyBytes, end };
}

export const keyShape = (v) => v === null || tuple((k) => k === 0, bytes(32))(v) || tuple((k) => k === 1, bytes(32), bytes(32))(v);

// --- Keys, their commitment, and opening.

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
  const out = attempt(() => inflateRawSync(compressed, { dictionary, maxOutputLength: MAX_PLAIN, info: true }), 'malformed', 'a part does not decompress, or to too much');
  return out.engine.bytesWritten === compressed.length ? out.buffer : refuse('malformed', 'the compressed stream ends before its length');
}

// openPart returns the plaintext of a sealed header or body.
export function openPart(key, aad, sealed) {
  if (sealed.length < 16) refuse('unreadable', 'sealed part shorter than its tag');
  const d = createDecipheriv('aes-256-gcm', key, NONCE, { authTagLength: 16 });
  d.setAAD(aad).setAuthTag(sealed.subarray(-16));
  const z = d.update(sealed.subarray(0, -16));
  attempt(() => d.final(), 'unreadable', 'the sealed part does not open');
  return inflate(unpad(z));
}
