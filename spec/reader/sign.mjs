// Signatures: pairs of Ed25519 and ML-DSA-44 over documents, checkpoints and
// receipts (spec/conventions.md, spec/log.md; C2SP signed-note, tlog-checkpoint,
// tlog-cosignature). Every function returns nothing or refuses.
import { createPublicKey, verify } from 'node:crypto';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { refuse } from './refuse.mjs';
import { sha256 } from './tree.mjs';

const SPKI = Buffer.from('302a300506032b6570032100', 'hex'); // DER head of an Ed25519 key

export const u64 = (n) => Buffer.from(BigInt(n).toString(16).padStart(16, '0'), 'hex');
// labelled is what document signatures sign and H hashes.
const labelled = (label, x) => Buffer.concat([Buffer.from(`parley/v1 ${label}\0`), x]);
export const H = (label, x) => sha256(labelled(label, x));
export const originOf = (line, party, generation) => `${line}/${party}/${generation}`;
export const holderOf = (origin) => `${origin}/held`;

const ed25519 = (key, sig, message) => verify(null, message, createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }), sig);
const mldsa = (key, sig, message) => ml_dsa44.verify(sig, message, key);

function must(verifies, key, sig, message, what) {
  try {
    if (verifies(key, sig, message)) return;
  } catch { /* a key or signature that does not parse verifies nothing */ }
  refuse('bad-signature', `${verifies === mldsa ? 'ML-DSA-44' : 'Ed25519'} signature of ${what} does not verify`);
}

// checkPair verifies both signatures of a pair, each over its own message.
function checkPair([edKey, mlKey], [ed, ml], [edMessage, mlMessage], what) {
  must(ed25519, edKey, ed, edMessage, what);
  must(mldsa, mlKey, ml, mlMessage, what);
}

export function checkDocument(pair, signatures, label, document, what) {
  const message = labelled(label, document);
  checkPair(pair, signatures, [message, message], what);
}

export const checkpointText = (origin, size, root) => Buffer.from(`${origin}\n${size}\n${root.toString('base64')}\n`);

// cosignedMessage is tlog-cosignature's cosigned_message of a whole tree.
export function cosignedMessage(name, time, origin, size, root) {
  const short = (s) => Buffer.concat([Buffer.from([Buffer.byteLength(s)]), Buffer.from(s)]);
  return Buffer.concat([Buffer.from('subtree/v1\n\0'), short(name), u64(time), short(origin), u64(0), u64(size), root]);
}

// A head is { origin, size, root }: what checkpoints and receipts are about.
export function checkCheckpoint({ origin, size, root }, pair, signatures) {
  checkPair(pair, signatures, [checkpointText(origin, size, root), cosignedMessage(origin, 0, origin, size, root)], `the checkpoint at size ${size}`);
}

// cosignatures are the messages, of Ed25519 and of ML-DSA-44, of name at time.
const cosignatures = ({ origin, size, root }, name, time) =>
  [Buffer.concat([Buffer.from(`cosignature/v1\ntime ${time}\n`), checkpointText(origin, size, root)]), cosignedMessage(name, time, origin, size, root)];

export function checkReceipt(head, name, time, pair, signatures) {
  const what = `the receipt of ${name} for size ${head.size}`;
  if (!(time > 0)) refuse('malformed', `${what}: time 0`);
  checkPair(pair, signatures, cosignatures(head, name, time), what);
}

// --- Signed notes: lines "— name base64(key id || signature)" and vkeys.

export const base64 = (s) => (Buffer.from(s, 'base64').toString('base64') === s ? Buffer.from(s, 'base64') : refuse('malformed', 'not base64'));

export const keyId = (name, type, key) => sha256(Buffer.from(`${name}\n`), Buffer.from([type]), key).subarray(0, 4);

export function parseVkey(s) {
  const m = /^([^\s+]+)\+([0-9a-f]{8})\+(\S+)$/.exec(s) ?? refuse('malformed', 'not a verifier key');
  const raw = base64(m[3]), key = { name: m[1], type: raw[0], key: raw.subarray(1), id: Buffer.from(m[2], 'hex') };
  return keyId(key.name, key.type, key.key).equals(key.id) ? key : refuse('malformed', 'verifier key with another id');
}

export function parseNoteLine(line) {
  const m = /^\u2014 ([^\s+]+) (\S+)$/.exec(line) ?? refuse('malformed', 'not a signature line');
  const raw = base64(m[2]);
  return raw.length < 5 ? refuse('malformed', 'signature line too short') : { name: m[1], id: raw.subarray(0, 4), signature: raw.subarray(4) };
}

// witnessTime verifies a note line against the verifier keys and returns
// { by: name, time }, or null when no key of that name and id is known.
export function witnessTime(head, line, vkeys) {
  const { name, id, signature } = parseNoteLine(line);
  const known = vkeys.find((k) => k.name === name && k.id.equals(id));
  if (!known) return null;
  if (signature.length <= 8) refuse('bad-signature', `cosignature of ${name} too short`);
  const time = Number(signature.readBigUInt64BE(0)), [edMessage, mlMessage] = cosignatures(head, name, time);
  const [verifies, message] = { 4: [ed25519, edMessage], 6: [mldsa, mlMessage] }[known.type] ?? [];
  if (!verifies) return null;
  must(verifies, known.key, signature.subarray(8), message, `the cosignature of ${name}`);
  return { by: name, time };
}
