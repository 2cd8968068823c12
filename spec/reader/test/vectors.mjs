// Runs the test vectors of spec/vectors: {part, description, cases: [{name,
// input, want} or {name, input, error}]}. PARTS says what each part reads from
// input and gives back. A case passes when every field of want equals what came
// out (fields not in want are not looked at), or when the refusal has the kind
// of error. Byte strings are hex on both sides; a field named file is a path
// beside the vector file.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { decode, encode, hex, plain, Refusal, refuse } from '../cbor.mjs';
import { bodyKey, com, commitment, headerKey, hkdf, inflate, keyShape, openEntry, paddedLength, parseEntry } from '../entry.mjs';
import { checkSeen, Log, recordOrder } from '../order.mjs';
import { acceptCertificate, pairingWords, parseCertificate, parseFounding, wordsOf } from '../papers.mjs';
import { checkFork, refOf, verifyProof, verifyRecord, verifySilence } from '../record.mjs';
import { base64, checkCheckpoint, checkDocument, checkpointText, checkReceipt, consistencyRoots, cosignedMessage, H, holderOf, inclusionRoot, leafHash, parseVkey, rootsAt, u64, witnessTime } from '../sign.mjs';

// What only writers compute.
export const entryKey = (secret, origin, epoch, index) => hkdf(secret, `entry ${origin}\0`, u64(epoch), u64(index));
export const epochCommitment = (secret) => H('commitment of epoch', secret);
export const revealCommitment = (line, reveal) => H('commitment of reveal', Buffer.concat([line, reveal]));

const un = (s) => Buffer.from(s, 'hex');
const all = (list) => (list ?? []).map(un);
const text = (s) => Buffer.from(s);
const pairOf = (p) => (Array.isArray(p) ? all(p) : [un(p.ed), un(p.ml)]);
const rootHex = ([a, b]) => ({ first: hex(a), second: hex(b) });

// A disclosure in a vector: hex of an entry key, [0, hex], [1, hex, hex], or
// hex of the CBOR of one.
function disclosure(k) {
  if (Array.isArray(k)) return [k[0], ...k.slice(1).map(un)];
  return k.length === 64 ? [0, un(k)] : decode(un(k));
}

function orderOf({ parties, generations, entries }) {
  const gens = generations ?? [...new Map(entries.map((e) => [e.gen, { gen: e.gen, party: e.party }])).values()];
  const age = (g, i) => (g.names?.length ? `${String(g.time ?? i).padStart(16, '0')}/${g.gen}` : '');
  const logs = new Map(gens.map((g, i) => [g.gen, new Log(g.gen, g.party, age(g, i), g.disputed)]));
  const seenOf = (e) => Object.entries(e.seen ?? {});
  for (const [g, log] of logs) entries.filter((e) => e.gen === g).sort((a, b) => a.index - b.index).forEach((e, i) => {
    if (e.index !== i) refuse('gap', `index ${e.index}`);
    log.add(e.time, seenOf(e));
    for (const p of e.out ?? []) if (!log.without.has(p)) log.without.set(p, i);
  });
  for (const e of entries) checkSeen(logs, logs.get(e.gen), e.index, seenOf(e));
  const r = recordOrder(logs, parties ?? [...new Set(gens.map((g) => g.party))]), refs = r.order.map(([l, i]) => refOf(l.generation, i));
  return { order: refs, settled: refs.slice(0, r.settled), settled_count: r.settled, late: r.late.map(([l, i]) => refOf(l.generation, i)), waiting: r.waiting };
}

function certificateOf({ founding, certificate, known = [] }) {
  const line = parseFounding(un(founding)), before = new Map();
  for (const raw of all(known)) before.set(parseCertificate(raw).generation, parseCertificate(raw));
  const c = parseCertificate(un(certificate));
  return { origin: acceptCertificate(c, line, before), party: c.party, generation: c.generation, reason: c.reason, time: c.time };
}

function foundingOf({ founding }) {
  const f = parseFounding(un(founding));
  return { line: f.id, hash: hex(f.hash), parties: [...f.parties.keys()], words: f.words, digits: f.digits, fingerprint: wordsOf(f.hash).fingerprint };
}

function entryOf({ entry }) {
  const e = parseEntry(un(entry));
  return e.unsupported ? refuse('unsupported', `version ${e.version}`) : plain(new Map(Object.entries(e)));
}

function openOf({ origin, index, entry, key }) {
  const e = parseEntry(un(entry)), k = disclosure(key);
  if (e.unsupported || e.epochEntry || !keyShape(k)) refuse('malformed', 'nothing to open');
  const o = openEntry(origin, index, e, k);
  return { header: plain(o.header), header_cbor: hex(o.headerBytes), body: o.body && plain(o.body), body_cbor: o.bodyBytes && hex(o.bodyBytes), end: o.end };
}

function keysOf({ epoch_secret, origin, epoch, index }) {
  const key = entryKey(un(epoch_secret), origin, epoch, index), h = headerKey(key), b = bodyKey(key);
  return { entry_key: hex(key), header_key: hex(h), body_key: hex(b), header_com: hex(com(h)), body_com: hex(com(b)), commitment: hex(commitment(com(h), com(b))),
    epoch_commitment: hex(epochCommitment(un(epoch_secret))) };
}

function treeOf({ leaves, sizes, index, size, proof, first, second, start, leaf_count }) {
  if (first !== undefined) return rootHex(consistencyRoots(first, second, all(proof), start && un(start)));
  const entries = leaves ? all(leaves) : Array.from({ length: leaf_count }, (_, i) => text(String(i)));
  if (proof) return { root: hex(inclusionRoot(leafHash(entries[0]), index, size, all(proof))) };
  const want = sizes ?? Array.from({ length: entries.length + 1 }, (_, n) => n), roots = rootsAt(entries.map(leafHash), want);
  return { root: hex(rootsAt(entries.map(leafHash), [entries.length]).get(entries.length)), roots: want.map((n) => hex(roots.get(n))), leaf_hashes: entries.map((e) => hex(leafHash(e))) };
}

const headOf = ({ origin, size, root }) => ({ origin, size, root: un(root) });
const done = (x, more = {}) => (x, { ok: true, ...more });
const raw = (i, dir) => (i.file ? readFileSync(join(dir, i.file)) : i.text ? text(i.text) : un(i.bytes));

export const PARTS = {
  cbor: (i) => { const v = decode(un(i.bytes)); return { ok: true, value: plain(v), bytes: hex(encode(v)) }; },
  hash: (i) => ({ out: hex(H(i.label, un(i.data))) }),
  hkdf: (i) => ({ out: hex(hkdf(un(i.key), i.info_hex !== undefined ? un(i.info_hex) : i.info)) }),
  words: (i) => wordsOf(un(i.sum)),
  padding: (i) => ({ padded: paddedLength(i.length) }),
  inflate: (i) => ({ plain: hex(inflate(un(i.compressed))) }),
  'entry-keys': keysOf,
  'entry-open': openOf,
  entry: entryOf,
  document: (i) => done(checkDocument(pairOf(i.public), [un(i.ed), un(i.ml)], i.label, un(i.document), 'the document')),
  checkpoint: (i) => done(checkCheckpoint(headOf(i), pairOf(i.public), [un(i.ed), un(i.ml)]),
    { text: checkpointText(i.origin, i.size, un(i.root)).toString(), cosigned_message: hex(cosignedMessage(i.origin, 0, i.origin, i.size, un(i.root))) }),
  receipt: (i) => done(checkReceipt(headOf(i), i.holder.endsWith('/held') ? i.holder : holderOf(i.holder), i.time, pairOf(i.public), [un(i.ed), un(i.ml)])),
  witness: (i) => witnessTime(headOf(i), i.note, [parseVkey(i.vkey)]),
  fork: (i) => done(checkFork({ origin: i.origin, log: pairOf(i.public) }, ...[i.a, i.b].map(([size, ...x]) => [size, ...all(x)]), all(i.proof), i.prefix && un(i.prefix))),
  certificate: certificateOf,
  pairing: (i) => ({ commitment: i.reveal && hex(revealCommitment(un(i.line), un(i.reveal))),
    ...(i.reveals && pairingWords(un(i.line), all(i.reveals), un(i.charter), un(i.annex))) }),
  founding: foundingOf,
  tree: treeOf,
  order: orderOf,
  record: (i, dir) => verifyRecord(raw(i, dir), i),
  proof: (i, dir) => verifyProof(raw(i, dir), i),
  silence: (i, dir) => verifySilence(raw(i, dir), i),
};

// runCase returns what is wrong with one case, or nothing.
export function runCase(part, { input, want, error }, dir) {
  let got;
  try {
    got = JSON.parse(JSON.stringify(PARTS[part](input, dir) ?? null));
  } catch (e) {
    if (!(e instanceof Refusal)) return `the reader failed: ${e.stack}`;
    if (e.kind === error) return undefined;
    return `got ${e.kind} (${e.message}), want ${error ?? 'no refusal'}`;
  }
  if (error) return `not refused, want ${error}`;
  const wrong = Object.keys(want ?? {}).filter((k) => !isDeepStrictEqual(got?.[k], want[k]));
  return wrong.length ? `${wrong.map((k) => `${k}: got ${JSON.stringify(got?.[k])}, want ${JSON.stringify(want[k])}`).join('; ')}` : undefined;
}

// runVectors runs every vector file of a directory, prints what failed and a
// count, and says whether all passed. No vectors, or an unknown part, fails.
export function runVectors(dir, print = console.log) {
  let passed = 0, failed = 0;
  for (const name of readdirSync(dir).filter((f) => f.endsWith('.json')).sort()) {
    const { part, cases } = JSON.parse(readFileSync(join(dir, name), 'utf8'));
    const bad = PARTS[part] && cases?.length ? cases.map((c) => [c.name, runCase(part, c, dir)]).filter(([, why]) => why) : [['', `unknown part ${part}, or no cases`]];
    for (const [which, why] of bad) print(`FAIL ${name} ${which}: ${why}`);
    failed += bad.length;
    passed += (cases?.length ?? 0) - bad.length;
    print(`${bad.length ? 'FAIL' : 'ok  '} ${name} (${part}): ${cases?.length ?? 0} cases`);
  }
  print(`${passed} passed, ${failed} failed`);
  return failed === 0 && passed > 0;
}
