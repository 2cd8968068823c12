// Tests of the small parts: CBOR, trees, padding and sealing, words, order.
import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { deflateRawSync } from 'node:zlib';
import { bytes, decode, decodeAt, encode, fields, plain, tstr, uint } from '../cbor.mjs';
import { Log, checkSeen, recordOrder } from '../order.mjs';
import { wordsOf } from '../papers.mjs';
import { base64, consistencyRoots, cosignedMessage, EMPTY_ROOT, H, inclusionRoot, keyId, leafHash, parseNoteLine, parseVkey, rootsAt, sha256 } from '../sign.mjs';
import { consistency, fill, map, seal } from './make.mjs';
import { entryKey } from './vectors.mjs';
import { additionalData, bodyKey, com, commitment, headerKey, inflate, keysOf, openPart, paddedLength } from '../entry.mjs';

const un = (s) => Buffer.from(s.replace(/\s/g, ''), 'hex');
const kind = (k) => (e) => e.kind === k || assert.fail(`got ${e.kind ?? e.stack}, want ${k}`);
const nest = (n) => Buffer.concat([Buffer.alloc(n - 1, 0x81), un('80')]);

test('cbor: decodes and encodes back', () => {
  const cases = ['00', '17', '1818', '18ff', '190100', '1a00010000', '1b0000000100000000', '1b0020000000000000', '1bffffffffffffffff', '20', '3903e7', '3bffffffffffffffff',
    '40', '43010203', '60', '63e4bda0', '80', '83010203', 'a0', 'a2010203f5', 'f4', 'f5', 'f6', 'a2616101616202', '63efbbbf'];
  for (const c of cases) assert.equal(encode(decode(un(c))).toString('hex'), c.replace(/\s/g, ''), c);
  assert.deepEqual(nest(8), encode(decode(nest(8))));
  assert.deepEqual(decodeAt(un('0102'), 1), [2, 2]);
  assert.deepEqual(plain(decode(un('a2014161026162'))), { 1: '61', 2: 'b' });
});

test('cbor: refuses everything else', () => {
  const cases = { empty: '', 'one byte integer not shortest': '1817', 'two byte': '1900ff', 'four byte': '1a0000ffff', 'eight byte': '1b00000000ffffffff', 'length not shortest': '580100',
    'cut integer': '19ff', 'cut bytes': '4401', 'cut text': '6261', 'cut array': '8201', 'cut map': 'a101', 'huge length': '5bffffffffffffffff', 'huge array': '9bffffffffffffffff',
    'array longer than input': '9affffffff', 'indefinite bytes': '5f4100ff', 'indefinite array': '9fff', 'indefinite map': 'bfff', reserved: '1c', 'tag': 'c100', bignum: 'c24101',
    half: 'f90000', single: 'fa00000000', double: 'fb0000000000000000', undefined: 'f7', simple: 'f0', 'simple byte': 'f8ff', break: 'ff', 'keys out of order': 'a202000100',
    'key twice': 'a201000100', 'text before its order': 'a2626161006162 00', 'not utf-8': '61ff', surrogate: '63eda080', overlong: '62c080', trailing: '0000', 'nested too deep': nest(9).toString('hex') };
  for (const [name, hex] of Object.entries(cases)) assert.throws(() => decode(un(hex)), kind('malformed'), name);
  try { decode(un('820161ff')); } catch (e) { assert.equal(e.place.byte, 2); }
});

test('cbor: survives random bytes', () => {
  let survived = 0;
  for (let i = 0; i < 20000; i++) {
    const b = fill(1 + (i % 40), `fuzz ${i}`);
    try { assert.deepEqual(encode(decode(b)), b); survived++; } catch (e) { kind('malformed')(e); }
  }
  assert.ok(survived > 0);
});

test('shapes: unknown keys only where open', () => {
  const closed = fields({ 1: uint }, { 2: tstr }), open = fields({ 1: uint }, {}, true);
  assert.ok(closed(map({ 1: 1 })) && closed(map({ 1: 1, 2: 'x' })) && open(map({ 1: 1, 9: 'x' })));
  for (const bad of [map({}), map({ 1: 'x' }), map({ 1: 1, 3: 1 }), new Map([[1, 1], ['2', 'x']]), new Map([[1, 1], ['constructor', 1]]), [1]]) assert.equal(closed(bad), false);
  assert.equal(open(map({ 9: 1 })), false);
  assert.equal(uint(2 ** 53), true);
  assert.equal(uint(decode(un('1b0020000000000001'))), false);
  assert.equal(bytes(2)(Buffer.alloc(3)), false);
});

// The definition of RFC 6962, 2.1, by recursion.
const mth = (xs) => {
  if (xs.length === 0) return sha256();
  if (xs.length === 1) return xs[0];
  const k = 2 ** Math.floor(Math.log2(xs.length - 1));
  return sha256(Buffer.from([1]), mth(xs.slice(0, k)), mth(xs.slice(k)));
};

test('tree: roots, inclusion and consistency for every size to 40', () => {
  const leaves = Array.from({ length: 40 }, (_, i) => leafHash(Buffer.from([i]))), roots = rootsAt(leaves, Array.from({ length: 41 }, (_, i) => i));
  for (let n = 0; n <= 40; n++) assert.deepEqual(roots.get(n), mth(leaves.slice(0, n)));
  const path = (xs, i) => { if (xs.length < 2) return []; const k = 2 ** Math.floor(Math.log2(xs.length - 1)); return i < k ? [...path(xs.slice(0, k), i), mth(xs.slice(k))] : [...path(xs.slice(k), i - k), mth(xs.slice(0, k))]; };
  for (let n = 1; n <= 40; n++) for (let i = 0; i < n; i++) {
    const p = path(leaves.slice(0, n), i);
    assert.deepEqual(inclusionRoot(leaves[i], i, n, p), roots.get(n));
    assert.throws(() => inclusionRoot(leaves[i], i, n, [...p, p[0] ?? leaves[0]]), kind('bad-proof'));
    if (p.length) assert.throws(() => inclusionRoot(leaves[i], i, n, p.slice(1)), kind('bad-proof'));
  }
  for (let b = 1; b <= 40; b++) for (let a = 1; a <= b; a++) {
    const p = consistency(leaves.slice(0, b), a), [first, second] = consistencyRoots(a, b, p, roots.get(a));
    assert.deepEqual([first, second], [roots.get(a), roots.get(b)], `${a} ${b}`);
    assert.throws(() => consistencyRoots(a, b, [...p, leaves[0]], roots.get(a)), kind('bad-proof'));
    if (a < b) assert.throws(() => consistencyRoots(a, b, p.slice(1), roots.get(a)), (e) => e.kind === 'bad-proof' || assert.fail(e), `${a} ${b}`);
  }
  assert.throws(() => inclusionRoot(leaves[0], 1, 1, []), kind('bad-proof'));
  assert.throws(() => consistencyRoots(0, 1, [], EMPTY_ROOT), kind('bad-proof'));
});

test('padding: steps of 32 to 512, then Padme', () => {
  for (const [z, want] of [[2, 32], [32, 32], [33, 64], [512, 512], [513, 544], [544, 544], [545, 576], [1023, 1024], [1025, 1088], [65535, 65536]]) assert.equal(paddedLength(z), want, `${z}`);
});

test('seal: opens, and refuses what is not exactly right', () => {
  const key = fill(32, 'key'), e = { epoch: 0, time: 1, seen: new Map(), C: fill(32, 'C') }, aad = additionalData('a/b/c', 5, e), value = map({ 1: 'dispatch' }), cbor = encode(value);
  const sealed = seal(key, aad, cbor);
  assert.deepEqual(openPart(key, aad, sealed), cbor);
  assert.equal(sealed.length, 48);
  const flip = (b, i) => { const c = Buffer.from(b); c[i] ^= 1; return c; };
  for (const i of [0, 20, 47]) assert.throws(() => openPart(key, aad, flip(sealed, i)), kind('unreadable'));
  assert.throws(() => openPart(key, additionalData('a/b/c', 6, e), sealed), kind('unreadable'));
  assert.throws(() => openPart(flip(key, 0), aad, sealed), kind('unreadable'));
  assert.throws(() => openPart(key, aad, Buffer.alloc(15)), kind('unreadable'));
  const edits = { 'pad not zero': (z) => flip(z, 31), 'longer pad': (z) => Buffer.concat([z, Buffer.alloc(32)]), 'length beyond': (z) => { z.writeUInt16BE(4000); return z; },
    'stream ends early': (z) => { z.writeUInt16BE(z.readUInt16BE(0) + 1); return z; }, 'stream cut': (z) => { z.writeUInt16BE(z.readUInt16BE(0) - 1); return z; }, none: () => Buffer.alloc(0), short: () => Buffer.alloc(1) };
  for (const [name, edit] of Object.entries(edits)) assert.throws(() => openPart(key, aad, seal(key, aad, cbor, edit)), kind('malformed'), name);
});

test('seal: a decompressor stops at 1 MiB', () => {
  assert.equal(inflate(deflateRawSync(Buffer.alloc(1 << 20))).length, 1 << 20);
  assert.throws(() => inflate(deflateRawSync(Buffer.alloc((1 << 20) + 1))), kind('oversize'));
  assert.throws(() => inflate(Buffer.alloc(0)), kind('malformed'));
  assert.throws(() => inflate(Buffer.from('ffff', 'hex')), kind('malformed'));
});

test('seal: a disclosed key must be the one committed to', () => {
  const key = entryKey(fill(32, 's'), 'o', 1, 2), h = headerKey(key), k = keysOf([0, key], commitmentOf(key));
  assert.deepEqual(k.header, h);
  assert.equal(keysOf([1, h, com(k.body)], commitmentOf(key)).body, null);
  assert.throws(() => keysOf([0, h], commitmentOf(key)), kind('bad-commitment'));
  assert.throws(() => keysOf([1, h, h], commitmentOf(key)), kind('bad-commitment'));
});
function commitmentOf(key) {
  const h = headerKey(key);
  return commitment(com(h), com(bodyKey(key)));
}
test('hashes and words', () => {
  assert.deepEqual(H('x', Buffer.from('y')), sha256(Buffer.from('parley/v1 x\0y')));
  const w = wordsOf(Buffer.from('ff'.repeat(32), 'hex'));
  assert.deepEqual(w.words, ['zoo', 'zoo', 'zoo', 'zoo', 'zoo']);
  assert.equal(w.digits, String(2n ** 55n - 1n));
  assert.equal(w.fingerprint, Array(16).fill('ffff').join(' '));
  assert.deepEqual(wordsOf(Buffer.concat([un('0020'), Buffer.alloc(30)])).words.slice(0, 2), ['ability', 'abandon']);
});

test('note lines and verifier keys', () => {
  const key = fill(32, 'w'), id = keyId('w.example/1', 4, key), line = `\u2014 w.example/1 ${Buffer.concat([id, Buffer.alloc(72)]).toString('base64')}`;
  assert.equal(parseVkey(`w.example/1+${id.toString('hex')}+${Buffer.concat([Buffer.from([4]), key]).toString('base64')}`).type, 4);
  assert.equal(parseNoteLine(line).name, 'w.example/1');
  for (const bad of ['', '- a AAAA', '\u2014 a', '\u2014 a b c', '\u2014 a AAA=', '\u2014 a+b AAAAAAAA', `${line}\n`, `${line}=`]) assert.throws(() => parseNoteLine(bad), kind('malformed'), bad);
  for (const bad of ['', 'w+00000000+AAAA', 'w.example/1+AAAA', `w+${id.toString('hex')}+BA==`]) assert.throws(() => parseVkey(bad), kind('malformed'), bad);
  assert.throws(() => base64('AB=='), kind('malformed'));
  assert.equal(cosignedMessage('n', 0, 'o', 3, Buffer.alloc(32)).length, 12 + 2 + 8 + 2 + 8 + 8 + 32);
});

// logs builds Logs from { gen: [party, names, [[time, {gen: size}]...]] }.
function logs(spec) {
  const out = new Map(Object.entries(spec).map(([g, [party, names]]) => [g, new Log(g, party, names.length ? g : '')]));
  for (const [g, [, , entries]] of Object.entries(spec)) for (const [time, seen] of entries) out.get(g).add(time, Object.entries(seen));
  for (const [g, [, , entries]] of Object.entries(spec)) entries.forEach(([, seen], i) => checkSeen(out, out.get(g), i, Object.entries(seen)));
  return out;
}
const ordered = (spec, parties) => {
  const r = recordOrder(logs(spec), parties ?? [...new Set(Object.values(spec).map(([p]) => p))]);
  return { order: r.order.map(([l, i]) => `${l.generation}${i}`).join(' '), settled: r.settled, late: r.late.map(([l, i]) => `${l.generation}${i}`).join(' '), waiting: r.waiting.join(' ') };
};

test('order: time, party; what was seen comes first; two words of each settle', () => {
  const cases = [
    [{ a: ['p', [], [[5, {}], [6, {}]]], b: ['q', [], [[5, {}], [5, {}]]] }, 'a0 b0 b1 a1', 0],
    [{ a: ['p', [], [[9, {}]]], b: ['q', [], [[3, { a: 1 }]]] }, 'a0 b0', 0],
    [{ a: ['p', [], [[1, {}], [4, { b: 1 }]]], b: ['q', [], [[2, { a: 1 }]]] }, 'a0 b0 a1', 1],
    [{ a: ['p', [], [[1, {}], [4, { b: 2 }]]], b: ['q', [], [[2, { a: 1 }], [3, {}], [7, { a: 2 }]]] }, 'a0 b0 b1 a1 b2', 3],
    [{ a: ['p', [], [[1, {}]]], b: ['q', [], [[2, { a: 1 }]]], c: ['r', [], [[2, { a: 1, b: 1 }]]] }, 'a0 b0 c0', 0],
  ];
  for (const [spec, order, settled] of cases) assert.deepEqual([ordered(spec).order, ordered(spec).settled], [order, settled]);
});

test('order: a new generation comes into force with the last word that turns to it', () => {
  // q lost its log after o1 reached p; nobody else held o2 and o3.
  const spec = { o: ['q', [], [[1, {}], [2, {}], [3, {}], [4, {}]]], a: ['p', [], [[2, { o: 2 }], [9, { g: 1 }], [9, { g: 2 }]]], g: ['q', [['o', 3]], [[1, {}], [9, { a: 2 }], [9, { a: 3 }]]] };
  assert.deepEqual(ordered(spec), { order: 'o0 o1 a0 a1 g0 g1 a2 g2', settled: 6, late: 'o2 o3', waiting: 'p' });
  // Entries of the old log that have seen the new one do not block it.
  const twisted = { o: ['q', [], [[1, {}], [8, { a: 1 }]]], a: ['p', [], [[5, { g: 1 }]]], g: ['q', [['o', 2]], [[3, {}]]] };
  assert.equal(ordered(twisted).late, 'o0 o1');
});

test('order: refusals', () => {
  const cases = [
    ['rewind', { a: ['p', [], [[5, {}], [4, {}]]] }],
    ['rewind', { a: ['p', [], [[5, { b: 1 }], [6, { b: 1 }]]], b: ['q', [], [[1, {}], [1, {}]]] }],
    ['rewind', { a: ['p', [], [[5, { b: 2 }], [6, { b: 1 }]]], b: ['q', [], [[1, {}], [1, {}]]] }],
    ['rewind', { a: ['p', [], [[5, { b: 0 }]]], b: ['q', [], []] }],
    ['bad-seen', { a: ['p', [], [[5, { b: 1 }]]], b: ['q', [], []] }],
    ['bad-seen', { a: ['p', [], [[5, { z: 1 }]]] }],
    ['bad-seen', { a: ['p', [], [[5, { g: 1 }]]], g: ['p', [], [[5, {}]]] }],
    ['bad-seen', { a: ['p', [], [[5, { b: 1 }]]], b: ['q', [], [[5, { a: 1 }]]] }],
    ['bad-seen', { a: ['p', [], [[5, { b: 1 }]]], b: ['q', [], [[5, { c: 1 }]]], c: ['r', [], [[1, {}]]] }],
  ];
  for (const [want, spec] of cases) assert.throws(() => ordered(spec), kind(want), JSON.stringify(spec));
});

test('order: settled positions stay as the logs grow', () => {
  // A random honest run of three parties; at each step, what was settled is a prefix of what comes later.
  const parties = ['p', 'q', 'r'];
  for (let run = 0; run < 60; run++) {
    const seed = fill(400, `run ${run}`), spec = Object.fromEntries(parties.map((p) => [`${p}g`, [p, [], []]])), knows = Object.fromEntries(parties.map((p) => [p, {}]));
    let before = [];
    for (let i = 0; i < 60; i++) {
      const p = parties[seed[i * 3] % 3], from = parties[seed[i * 3 + 1] % 3];
      if (p !== from && spec[`${from}g`][2].length && seed[i * 3 + 2] % 2) { // p takes over what from has written, with what that saw
        for (const [k, n] of [...Object.entries(sumSeen(spec[`${from}g`][2])), [`${from}g`, spec[`${from}g`][2].length]]) if (k !== `${p}g`) knows[p][k] = Math.max(knows[p][k] ?? 0, n);
      } else {
        const had = sumSeen(spec[`${p}g`][2]), last = spec[`${p}g`][2].at(-1)?.[0] ?? 0;
        spec[`${p}g`][2].push([Math.max(last, 100 + seed[i]), Object.fromEntries(Object.entries(knows[p]).filter(([k, n]) => n > (had[k] ?? 0)))]);
      }
      const r = ordered(spec, parties), settled = r.order.split(' ').filter(Boolean).slice(0, r.settled);
      assert.deepEqual(settled.slice(0, before.length), before);
      before = settled;
    }
  }
});
function sumSeen(entries) {
  return Object.assign({}, ...entries.map(([, seen]) => seen));
}

test('the reader stays within its bound', () => {
  const dir = new URL('..', import.meta.url), files = readdirSync(dir).filter((f) => f.endsWith('.mjs'));
  const lines = files.flatMap((f) => readFileSync(new URL(f, dir), 'utf8').trimEnd().split('\n'));
  const code = lines.filter((l) => l.trim() && !l.trim().startsWith('//'));
  assert.ok(files.length > 4 && code.length <= 800, `${code.length} lines of code in ${files.length} files`);
});
