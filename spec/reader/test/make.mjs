// Makes small lines, records and proofs for the tests, with real keys.
import { createCipheriv, createHash, generateKeyPairSync, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { deflateRawSync } from 'node:zlib';
import { ml_dsa44 } from '@noble/post-quantum/ml-dsa.js';
import { encode } from '../cbor.mjs';
import { checkpointText, cosignedMessage, EMPTY_ROOT, H, holderOf, keyId, leafHash, originOf, rootsAt, sha256 } from '../sign.mjs';
import { entryKey, epochCommitment } from './vectors.mjs';
import { additionalData, bodyKey, com, commitment, headerKey, paddedLength } from '../entry.mjs';

const dictionary = readFileSync(new URL('../../dictionary.txt', import.meta.url));
export const fill = (n, text) => {
  let out = Buffer.alloc(0);
  for (let i = 0; out.length < n; i++) out = Buffer.concat([out, createHash('sha256').update(`${text} ${i}`).digest()]);
  return out.subarray(0, n);
};
export const map = (o) => new Map(Object.entries(o).map(([k, v]) => [Number(k), v]));

export function pair(name) {
  const ed = generateKeyPairSync('ed25519'), ml = ml_dsa44.keygen(fill(32, name));
  const edPublic = ed.publicKey.export({ format: 'der', type: 'spki' }).subarray(-32);
  return { public: [edPublic, Buffer.from(ml.publicKey)], ed: (m) => sign(null, m, ed.privateKey), ml: (m) => Buffer.from(ml_dsa44.sign(m, ml.secretKey)) };
}

export function seal(key, aad, cbor, edit = (z) => z) {
  const compressed = deflateRawSync(cbor, { dictionary }), z = Buffer.alloc(paddedLength(2 + compressed.length));
  z.writeUInt16BE(compressed.length, 0);
  compressed.copy(z, 2);
  const c = createCipheriv('aes-256-gcm', key, Buffer.alloc(12));
  c.setAAD(aad);
  return Buffer.concat([c.update(edit(z)), c.final(), c.getAuthTag()]);
}

// Party writes one generation of one party's log.
export class Party {
  entries = [];
  disclosures = [];
  epoch = -1;
  constructor(line, code, generation, { name = code, root = pair(`${code} root`) } = {}) {
    Object.assign(this, { line, code, name, root, generation: Buffer.from(generation, 'hex'), log: pair(`${code} log ${generation}`), held: pair(`${code} held ${generation}`),
      receiving: fill(1216, `${code} kem`), tls: fill(32, `${code} tls`), origin: originOf(line.id.toString('hex'), code, generation) });
  }

  reveal() {
    return encode(map({ 1: this.code, 2: this.name, 3: this.root.public, 4: this.generation, 5: this.log.public, 6: this.held.public, 7: this.receiving, 8: this.tls,
      9: ['192.0.2.1:7000'], 10: fill(32, `${this.code} nonce`) }));
  }

  certificate({ names = [], reason = 0, by = 0, signer = Buffer.alloc(0), key = this.root, edit = {} } = {}) {
    const body = encode(map({ 1: this.line.id, 2: this.code, 3: this.generation, 4: this.log.public, 5: this.held.public, 6: this.receiving, 7: this.line.hash,
      8: names, 9: 1_763_900_000, 10: reason, 11: this.tls, ...edit }));
    const message = Buffer.concat([Buffer.from('parley/v1 certificate\0'), body]);
    this.cert = encode([body, by, signer, [key.ed(message), key.ml(message)]]);
    return this.cert;
  }

  announce(time, seen, others) {
    this.epoch++;
    this.secret = fill(32, `${this.origin} epoch ${this.epoch}`);
    const body = map({ 1: epochCommitment(this.secret), 2: new Map(others.map((p) => [p, [fill(8, p), fill(1120, p), fill(48, p)]])) });
    if (this.entries.length === 0) body.set(3, this.cert);
    return this.put(encode([1, 1, this.epoch, time, this.seen(seen), encode(body)]), null);
  }

  seen(list) {
    return new Map(list.map(([p, n]) => [p.generation, n]));
  }

  write(time, seen, header, body, { edit, end, epoch = this.epoch } = {}) {
    const index = this.entries.length, key = entryKey(fill(32, `${this.origin} epoch ${epoch}`), this.origin, epoch, index), C = commitment(com(headerKey(key)), com(bodyKey(key)));
    const e = { epoch, time, seen: this.seen(seen), C }, aad = additionalData(this.origin, index, e);
    const h = seal(headerKey(key), aad, encode(map(header))), b = seal(bodyKey(key), aad, encode([map(body), end ?? header[2] ?? 0]), edit);
    return this.put(encode([1, 0, epoch, time, e.seen, C, h, b]), [0, key]);
  }

  put(raw, disclosure) {
    this.entries.push(raw);
    this.disclosures.push(disclosure);
    return this.entries.length - 1;
  }

  root_(size) {
    return rootsAt(this.entries.map(leafHash), [size]).get(size);
  }

  checkpoint(size = this.entries.length, root = this.root_(size)) {
    return [4, this.generation, size, root, this.log.ed(checkpointText(this.origin, size, root)), this.log.ml(cosignedMessage(this.origin, 0, this.origin, size, root))];
  }

  receiptFor(log, size, time) {
    const root = log.root_(size), name = holderOf(this.origin);
    return [5, log.generation, size, this.generation, time, this.held.ed(Buffer.concat([Buffer.from(`cosignature/v1\ntime ${time}\n`), checkpointText(log.origin, size, root)])),
      this.held.ml(cosignedMessage(name, time, log.origin, size, root))];
  }
}

export const charter = (codes) => encode(map({ 1: 1, 2: codes.map((c) => [c, c, ['en']]), 3: ['envoy', 'watch'], 4: new Map([[0, 1]]), 5: 3600, 6: [],
  7: new Map(), 8: 'none', 9: false, 10: [], 11: new Map() }));

// found pairs parties, given as [code, generation id] pairs in order of code.
export function found(codes, { vkeys = [], suite = 1 } = {}) {
  const line = { id: fill(16, 'line') };
  const parties = codes.map(([code, g]) => new Party(line, code, g));
  line.founding = encode([line.id, charter(codes.map(([c]) => c)), encode(map({ 1: suite, 2: new Map(), 3: vkeys, 4: new Map() })), parties.map((p) => p.reveal())]);
  line.hash = H('founding', line.founding);
  for (const p of parties) p.certificate();
  return { line, parties };
}

// exported joins items into a file with its last hash.
export function exported(items, last = undefined) {
  const body = Buffer.concat(items.map(encode));
  return Buffer.concat([body, encode([9, last ?? sha256(body)])]);
}

export function itemsOf(line, logs, { keys = () => true, title = 'parley record', receipts = [], witnesses = [], forks = [], ask = [] } = {}) {
  const key = (p, i) => { const k = keys(p, i), d = p.disclosures[i]; return !d || !k ? null : k === 'header' ? [1, headerKey(d[1]), com(bodyKey(d[1]))] : d; };
  return [[0, title, 1], [1, line.founding], ...logs.map((p) => [2, p.cert]), ...logs.flatMap((p) => p.entries.map((e, i) => [3, p.generation, i, e, key(p, i)])),
    ...logs.filter((p) => p.entries.length).map((p) => p.checkpoint()), ...receipts, ...witnesses, ...(forks.length ? [[7, forks]] : []), ...ask];
}

// story is the usual small line: a question, opened and answered.
export function story(options) {
  const { line, parties: [a, b] } = found([['alder', '0a'.repeat(8)], ['birch', '0b'.repeat(8)]], options);
  a.announce(1000, [], ['birch']);
  b.announce(1001, [[a, 1]], ['alder']);
  a.write(1002, [[b, 1]], { 1: 'seen', 3: 'watch' }, {});
  b.write(1003, [[a, 2]], { 1: 'seen', 3: 'watch' }, {});
  const q = a.write(1010, [[b, 2]], { 1: 'dispatch', 2: 1, 3: 'envoy', 4: [['birch', 'envoy']], 6: 3, 7: 4, 9: 'en' }, { 1: 'Question', 2: 'Is this your exercise?' });
  b.write(1020, [[a, 3]], { 1: 'opened', 3: 'watch', 8: [[a.generation, q]] }, { 1: 1019, 2: 'Receipt only; neither agreement nor permission.' });
  return { line, a, b, q, logs: [a, b], receipts: () => [b.receiptFor(a, a.entries.length, 1030), a.receiptFor(b, b.entries.length, 1031)] };
}

export function noteLine(name, type, key, signature) {
  return `\u2014 ${name} ${Buffer.concat([keyId(name, type, key), signature]).toString('base64')}`;
}

// proofText is a tlog-proof of entry index at the whole size of a log.
export function proofText(log, index, extra, { edit = (l) => l } = {}) {
  const leaves = log.entries.map(leafHash), hash = (xs) => rootsAt(xs, [xs.length]).get(xs.length) ?? EMPTY_ROOT;
  const path = (xs, i) => {
    if (xs.length < 2) return [];
    const k = 2 ** Math.floor(Math.log2(xs.length - 1));
    return i < k ? [...path(xs.slice(0, k), i), hash(xs.slice(k))] : [...path(xs.slice(k), i - k), hash(xs.slice(0, k))];
  };
  const [, , size, root, ed, ml] = log.checkpoint();
  return edit(['c2sp.org/tlog-proof@v1', `extra ${encode(extra).toString('base64')}`, `index ${index}`, ...path(leaves, index).map((h) => h.toString('base64')), '',
    log.origin, String(size), root.toString('base64'), '', noteLine(log.origin, 1, log.log.public[0], ed),
    noteLine(log.origin, 6, log.log.public[1], Buffer.concat([Buffer.alloc(8), ml])), '']).join('\n');
}

// consistency is the RFC 6962 consistency proof from the first a leaves.
export function consistency(leaves, a) {
  const hash = (xs) => rootsAt(xs, [xs.length]).get(xs.length);
  const sub = (m, xs, whole) => {
    if (m === xs.length) return whole ? [] : [hash(xs)];
    const k = 2 ** Math.floor(Math.log2(xs.length - 1));
    return m <= k ? [...sub(m, xs.slice(0, k), whole), hash(xs.slice(k))] : [...sub(m - k, xs.slice(k), false), hash(xs.slice(0, k))];
  };
  return sub(a, leaves, true);
}
