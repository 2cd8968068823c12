// Signatures over documents, checkpoints and receipts, each a pair of Ed25519
// and ML-DSA-44; notes; trees (spec/conventions.md, spec/log.md; RFC 6962; C2SP
// signed-note, tlog-checkpoint, tlog-cosignature). What check... names refuses.
import { createHash, createPublicKey, verify } from 'node:crypto';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { attempt, refuse } from './cbor.mjs';

export const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();
export const u64 = (n) => Buffer.from(BigInt(n).toString(16).padStart(16, '0'), 'hex');
const SPKI = Buffer.from('302a300506032b6570032100', 'hex'); // DER head of an Ed25519 key
// labelled is what document signatures sign and H hashes.
const labelled = (label, x) => Buffer.concat([Buffer.from(`parley/v1 ${label}\0`), x]);
export const H = (label, x) => sha256(labelled(label, x));
export const originOf = (line, party, generation) => `${line}/${party}/${generation}`;
export const holderOf = (origin) => `${origin}/held`;
const ed25519 = (key, sig, message) => verify(null, message, createPublicKey({ key: Buffer.concat([SPKI, key]), format: 'der', type: 'spki' }), sig);
const mldsa = (key, sig, message) => ml_dsa44.verify(sig, message, key);

// A key or signature that does not parse verifies nothing.
const must = (verifies, key, sig, message, what) =>
  attempt(() => verifies(key, sig, message), 'bad-signature', `${verifies === mldsa ? 'ML-DSA-44' : 'Ed25519'} signature of ${what} does not verify`);

// checkPair verifies both signatures of a pair, each over its own message.
function checkPair([edKey, mlKey], [ed, ml], [edMessage, mlMessage], what) {
  must(ed25519, edKey, ed, edMessage, what);
  must(mldsa, mlKey, ml, mlMessage, what);
}

export const checkDocument = (pair, signatures, label, document, what) =>
  checkPair(pair, signatures, Array(2).fill(labelled(label, document)), what);

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

// Signed notes: lines "— name base64(key id || signature)", and verifier keys.
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

// Trees. Sizes and indices are numbers below 2^53.
export const leafHash = (entry) => sha256(Buffer.from([0]), entry);
const node = (l, r) => sha256(Buffer.from([1]), l, r);
export const EMPTY_ROOT = sha256();

// rootsAt returns a Map from each wanted size, and 0, to the root of that many
// leaves. The peaks are perfect subtrees, one for each bit of the size.
export function rootsAt(leaves, sizes) {
  const wanted = new Set(sizes), roots = new Map([[0, EMPTY_ROOT]]), peaks = [];
  leaves.forEach((leaf, i) => {
    let h = leaf;
    for (let n = i; n % 2 === 1; n = Math.floor(n / 2)) h = node(peaks.pop(), h);
    peaks.push(h);
    if (wanted.has(i + 1)) roots.set(i + 1, peaks.reduceRight((right, left) => node(left, right)));
  });
  return roots;
}

// using gives make the hashes of a proof, one by one; none may be left over.
function using(proof, make) {
  const rest = [...proof], out = make(() => rest.shift() ?? refuse('bad-proof', 'proof too short'));
  return rest.length ? refuse('bad-proof', 'proof too long') : out;
}
// split is where a tree of n > 1 leaves is cut: the largest power of two below n.
const split = (n, k = 1) => (2 * k < n ? split(n, 2 * k) : k);

// inclusionRoot computes the root of a tree of size from one leaf hash.
export function inclusionRoot(leaf, index, size, proof) {
  if (!(index < size)) refuse('bad-proof', 'index is not below the size');
  return using(proof, (next) => {
    const up = (i, n) => {
      if (n === 1) return leaf;
      const k = split(n), inner = i < k ? up(i, k) : up(i - k, n - k);
      return i < k ? node(inner, next()) : node(next(), inner);
    };
    return up(index, size);
  });
}

// consistencyRoots computes both roots, [of a, of b], from a consistency proof
// between sizes 0 < a <= b. Where a whole subtree begins the larger tree, the
// proof does not carry its root, and start stands for it.
export function consistencyRoots(a, b, proof, start) {
  if (!(a > 0 && a <= b)) refuse('bad-proof', 'sizes of a consistency proof out of order');
  return using(proof, (next) => {
    const up = (m, n, whole) => {
      if (m === n) return Array(2).fill(whole ? start ?? refuse('bad-proof', 'proof too short') : next());
      const k = split(n), [first, second] = m <= k ? up(m, k, whole) : up(m - k, n - k, false), h = next();
      return m <= k ? [first, node(second, h)] : [node(h, first), node(h, second)];
    };
    return up(a, b, true);
  });
}
