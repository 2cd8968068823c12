// Tests of whole files: records, proof files, proofs of silence, the command.
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { encode } from '../cbor.mjs';
import { parseFounding } from '../papers.mjs';
import { verifyProof, verifyRecord, verifySilence } from '../record.mjs';
import { checkpointText, EMPTY_ROOT, keyId, leafHash, rootsAt } from '../sign.mjs';
import { consistency, exported, fill, found, itemsOf, map, noteLine, pair, Party, proofText, story } from './make.mjs';
import { runVectors } from './vectors.mjs';

const kind = (k) => (e) => e.kind === k || assert.fail(`got ${e.kind ?? e.stack}: ${e.message}, want ${k}`);
const refused = (want, items, name) => assert.throws(() => verifyRecord(Buffer.isBuffer(items) ? items : exported(items)), kind(want), name);
const s = story(), whole = () => itemsOf(s.line, s.logs, { receipts: s.receipts() });
const of = (k) => whole().findIndex((i) => i[0] === k);
const edited = (k, edit) => { const items = whole().map((i) => [...i]); edit(items[of(k)], items); return items; };

test('record: a small line is verified', () => {
  const r = verifyRecord(exported(whole()), { founding: s.line.hash.toString('hex') });
  assert.deepEqual([r.entries, r.opened, r.headers, r.settled, r.waiting, r.faults, r.compared], [6, 4, 4, 4, ['alder'], [], true]);
  assert.deepEqual(r.record[4].stored, [{ by: 'birch', time: 1030 }]);
  assert.equal(r.record[4].header.form, 'dispatch');
  assert.equal(r.record[4].body['2'], 'Is this your exercise?');
  const sealed = verifyRecord(exported(itemsOf(s.line, s.logs, { keys: () => false })));
  assert.deepEqual([sealed.opened, sealed.order, sealed.settled], [0, r.order, r.settled]);
  assert.equal(verifyRecord(exported(itemsOf(s.line, s.logs, { keys: () => 'header' }))).headers, 4);
});

test('record: structure', () => {
  const file = exported(whole());
  for (const n of [0, 1, 20, 3000, file.length - 35, file.length - 1]) refused('malformed', file.subarray(0, n), `cut at ${n}`);
  refused('malformed', Buffer.concat([file, Buffer.from([0])]), 'trailing');
  refused('malformed', Buffer.concat([file, file]), 'twice');
  refused('bad-proof', exported(whole(), fill(32, 'x')), 'last hash');
  refused('malformed', edited(0, (i) => { i[1] = 'parley silence'; }));
  refused('unsupported', edited(0, (i) => { i[2] = 2; }));
  refused('malformed', edited(1, (i, all) => all.splice(all.indexOf(i), 1)), 'no founding');
  refused('malformed', edited(2, (i, all) => all.reverse()), 'reversed');
  refused('malformed', edited(2, (i, all) => { [all[2], all[3]] = [all[3], all[2]]; }), 'certificates in another order');
  refused('malformed', edited(3, (i) => i.push(0)), 'longer item');
  refused('malformed', [...whole(), [8, s.a.generation, 0, 1]], 'silence in a record');
  refused('malformed', [...whole(), [10, 0]], 'unknown kind');
  assert.throws(() => verifyRecord(file, { founding: '00'.repeat(32) }), kind('wrong-line'));
  try { verifyRecord(file.subarray(0, file.length - 40)); } catch (e) { assert.ok(e.place.byte > 0 && e.place.item > 0); }
});

test('record: entries, checkpoints, receipts', () => {
  refused('gap', edited(3, (i, all) => all.splice(all.indexOf(i) + 1, 1)), 'an entry left out');
  refused('gap', edited(3, (i, all) => all.splice(all.indexOf(i) + 2, 1)), 'the last entry left out');
  refused('malformed', edited(3, (i, all) => all.splice(all.indexOf(i), 0, i)), 'an entry twice');
  refused('unknown-key', edited(2, (i, all) => all.splice(all.indexOf(i), 1)), 'no certificate');
  refused('bad-proof', edited(3, (i, all) => { const e = all[all.indexOf(i) + 2]; e[3] = Buffer.from(e[3]); e[3][e[3].length - 1] ^= 1; }), 'a byte of an entry');
  refused('gap', edited(4, (i, all) => all.splice(all.indexOf(i), 1)), 'no checkpoint');
  refused('malformed', edited(4, (i, all) => all.splice(all.indexOf(i), 0, i)), 'checkpoint twice');
  refused('gap', edited(4, (i) => { i[2] = 9; }));
  refused('malformed', edited(4, (i) => { i[2] = 0; }));
  refused('bad-proof', edited(4, (i) => { i[3] = fill(32, 'r'); }));
  refused('bad-signature', edited(4, (i) => { i[4] = fill(64, 'r'); }));
  refused('bad-signature', edited(4, (i) => { i[5] = fill(2420, 'r'); }));
  refused('bad-signature', edited(5, (i) => { i[4]++; }), 'time of a receipt');
  refused('bad-signature', edited(5, (i) => { i[5] = fill(64, 'r'); }));
  refused('bad-signature', edited(5, (i) => { i[6] = fill(2420, 'r'); }));
  refused('bad-signature', edited(5, (i) => { i[2] = 2; }), 'size of a receipt');
  refused('malformed', edited(5, (i) => { i[4] = 0; }));
  refused('wrong-party', edited(5, (i) => { i[3] = s.a.generation; }));
  refused('unknown-key', edited(5, (i) => { i[3] = fill(8, 'x'); }));
  refused('bad-commitment', edited(3, (i, all) => { all[all.indexOf(i) + 1][4] = [0, fill(32, 'k')]; }));
  refused('malformed', edited(3, (i) => { i[4] = [0, fill(32, 'k')]; }), 'key of an epoch entry');
});

test('record: a flipped byte is refused wherever it is, with its place', () => {
  const file = exported(whole());
  for (let n = 0; n < 160; n++) {
    const at = fill(4, `flip ${n}`).readUInt32BE(0) % file.length, bad = Buffer.from(file);
    bad[at] ^= 1 << (n % 8);
    assert.throws(() => verifyRecord(bad), (e) => (e.kind && e.place.byte !== undefined) || assert.fail(`at ${at}: ${e.stack}`), `byte ${at}`);
  }
});

test('record: rules of the clear part', () => {
  const make = (write) => { const t = story(); write(t); return itemsOf(t.line, t.logs); };
  const late = (f) => make(({ a, b }) => f(a, b));
  const plainForm = { 1: 'seen', 3: 'watch' };
  refused('rewind', late((a) => a.write(5, [], plainForm, {})), 'time');
  refused('gap', late((a) => a.write(2000, [], plainForm, {}, { epoch: 1 })), 'epoch not announced');
  refused('gap', late((a) => { a.epoch = 4; a.announce(2000, [], ['birch']); }), 'epoch left out');
  refused('rewind', late((a) => { a.epoch = -1; a.announce(2000, [], ['birch']); }), 'epoch again');
  refused('rewind', late((a) => { a.announce(2000, [], ['birch']); a.write(2001, [], plainForm, {}); a.write(2002, [], plainForm, {}, { epoch: 0 }); }), 'back to an older epoch');
  assert.equal(verifyRecord(exported(late((a) => { a.announce(2000, [], ['birch']); a.write(2001, [], plainForm, {}, { epoch: 0 }); }))).entries, 8);
  refused('bad-seen', late((a, b) => a.write(2000, [[b, 9]], plainForm, {})), 'more than there is');
  refused('rewind', late((a, b) => a.write(2000, [[b, 1]], plainForm, {})), 'less than before');
  refused('wrong-party', late((a) => a.announce(2000, [], ['cedar'])), 'epoch for a stranger');
  refused('malformed', late((a) => a.put(encode([1, 2, 0, 2000, new Map()]), null)), 'epoch bit 2');
  refused('malformed', late((a) => a.put(encode([1, 1, 1, 2000, new Map(), encode(map({ 1: fill(32, 'c'), 2: new Map([['birch', [fill(8, 'a'), fill(1120, 'b'), fill(48, 'c')]]]), 3: a.cert }))]), null)), 'certificate again');
  const strange = verifyRecord(exported(late((a) => a.put(encode([2, 'whatever']), null))));
  assert.equal(strange.record.find((e) => e.entry.endsWith('a:3')).shown, 'unsupported version 2');
});

test('record: what a writer sealed wrongly is its fault and stops nothing', () => {
  const faults = (write) => { const t = story(); write(t.a, t.b); return verifyRecord(exported(itemsOf(t.line, t.logs))).faults.map((f) => f.kind); };
  const dispatch = (serial) => ({ 1: 'dispatch', 2: serial, 3: 'envoy' });
  assert.deepEqual(faults((a) => a.write(2000, [], dispatch(2), {})), []);
  assert.deepEqual(faults((a) => a.write(2000, [], dispatch(3), {})), ['bad-serial']);
  assert.deepEqual(faults((a) => a.write(2000, [], dispatch(1), {})), ['bad-serial']);
  assert.deepEqual(faults((a) => a.write(2000, [], { ...dispatch(1), 13: 1 }, {})), []);
  assert.deepEqual(faults((a) => a.write(2000, [], dispatch(2), {}, { end: 3 })), ['bad-serial']);
  assert.deepEqual(faults((a) => a.write(2000, [], { 1: 'dispatch' }, {})), ['malformed']);
  assert.deepEqual(faults((a) => a.write(2000, [], dispatch(2), {}, { edit: (z) => Buffer.concat([z, z]) })), ['malformed']);
  assert.deepEqual(faults((a) => a.write(2000, [], { ...dispatch(2), 99: 'new' }, { 77: 'new' })), []);
});

test('record: a lost station goes on in a new generation', () => {
  const { line, a, b } = story(), g = new Party(line, 'birch', '0c'.repeat(8), { root: b.root });
  const names = [[b.generation, 2, b.root_(2)]];
  g.certificate({ names, reason: 2 });
  g.announce(1040, [[a, 3]], ['alder']);
  a.write(1050, [[b, 3], [g, 1]], { 1: 'seen', 3: 'watch' }, {});
  const r = verifyRecord(exported(itemsOf(line, [a, b, g])));
  assert.deepEqual([r.order.slice(-2), r.late, r.entries], [[`${'0a'.repeat(8)}:3`, `${'0c'.repeat(8)}:0`], [], 8]);
  const judge = (options) => { g.certificate(options); g.entries[0] = undefined; g.entries = []; g.epoch = -1; g.announce(1040, [], ['alder']); return itemsOf(line, [a, b, g].map((p) => p)); };
  a.entries.pop(); a.disclosures.pop();
  assert.equal(verifyRecord(exported(judge({ names, reason: 3, by: 1, signer: b.generation, key: b.log }))).entries, 7);
  refused('malformed', judge({ names, reason: 3, by: 1, signer: fill(8, 'no'), key: b.log }));
  refused('malformed', judge({ names, reason: 3, by: 1, signer: a.generation, key: a.log }));
  const also = (generation) => [...names, [generation, 0, EMPTY_ROOT]];
  refused('unknown-key', judge({ names: also(fill(8, 'no')), reason: 3, by: 1, signer: fill(8, 'no'), key: b.log }));
  refused('wrong-party', judge({ names: also(a.generation), reason: 3, by: 1, signer: a.generation, key: a.log }));
  refused('bad-signature', judge({ names, reason: 3, key: a.root }));
  refused('malformed', judge({ names: [], reason: 2 }));
  refused('conflict', judge({ names, reason: 0 }));
  refused('wrong-line', judge({ names, reason: 2, edit: { 7: fill(32, 'f') } }));
  refused('wrong-line', judge({ names, reason: 2, edit: { 1: fill(16, 'f') } }));
  refused('wrong-party', judge({ names, reason: 2, edit: { 2: 'cedar' } }));
  refused('malformed', judge({ names, reason: 5 }));
  refused('malformed', judge({ names, reason: 2, edit: { 3: b.generation } }));
});

test('founding: refusals', () => {
  const { line, parties: [a, b] } = found([['alder', '0a'.repeat(8)], ['birch', '0b'.repeat(8)]]);
  const parts = (edit) => { const reveals = [a.reveal(), b.reveal()], p = { charter: undefined, annex: encode(map({ 1: 1 })), reveals, ...edit }; return encode([line.id, p.charter ?? fine, p.annex, p.reveals]); };
  const fine = encode(map({ 1: 1, 2: [['alder', 'A', ['en']], ['birch', 'B', ['zh']]], 3: ['envoy'] }));
  assert.equal(parseFounding(parts({})).parties.size, 2);
  const cases = { 'wrong-party': { charter: encode(map({ 1: 1, 2: [['alder', 'A', ['en']], ['cedar', 'B', ['zh']]], 3: ['envoy'] })) }, unsupported: { annex: encode(map({ 1: 2 })) },
    malformed: { reveals: [b.reveal(), a.reveal()] }, conflict: { reveals: [a.reveal(), new Party(line, 'birch', '0a'.repeat(8)).reveal()] } };
  for (const [want, edit] of Object.entries(cases)) assert.throws(() => parseFounding(parts(edit)), kind(want), want);
  assert.throws(() => parseFounding(parts({ reveals: [a.reveal()] })), kind('malformed'));
  assert.deepEqual(parseFounding(line.founding).hash, line.hash);
});

test('record: witnesses', () => {
  const w = pair('witness'), name = 'witness.example/w', id = keyId(name, 4, w.public[0]);
  const vkey = `${name}+${id.toString('hex')}+${Buffer.concat([Buffer.from([4]), w.public[0]]).toString('base64')}`;
  const t = story({ vkeys: [vkey] }), [, g, size, root] = t.a.checkpoint(), time = Buffer.alloc(8);
  time.writeBigUInt64BE(1040n);
  const sig = w.ed(Buffer.concat([Buffer.from('cosignature/v1\ntime 1040\n'), checkpointText(t.a.origin, size, root)]));
  const line = noteLine(name, 4, w.public[0], Buffer.concat([time, sig]));
  const r = verifyRecord(exported(itemsOf(t.line, t.logs, { witnesses: [[6, g, size, line]] })));
  assert.deepEqual(r.generations[0].witnesses, [{ by: name, size: 3, time: 1040 }]);
  refused('bad-signature', itemsOf(t.line, t.logs, { witnesses: [[6, g, size, noteLine(name, 4, w.public[0], Buffer.concat([Buffer.alloc(8), sig]))]] }));
  refused('gap', itemsOf(t.line, t.logs, { witnesses: [[6, g, 2, line]] }));
  refused('malformed', itemsOf(t.line, t.logs, { witnesses: [[6, g, size, 'hello']] }));
  assert.equal(verifyRecord(exported(itemsOf(t.line, t.logs, { witnesses: [[6, g, size, line.replace(name, 'other.example/w')]] }))).unknownWitnesses, 1);
});

test('record: fork evidence', () => {
  for (const split of [1, 2, 3]) {
    const t = story(), other = Object.assign(Object.create(Object.getPrototypeOf(t.a)), t.a, { entries: [...t.a.entries.slice(0, split - 1), Buffer.from('80', 'hex')] });
    while (other.entries.length < 3) other.entries.push(Buffer.from('8100', 'hex'));
    const head = (p, n) => { const [, , size, root, ed, ml] = p.checkpoint(n); return [size, root, ed, ml]; };
    const same = [t.a.generation, head(t.a, 3), head(other, 3), []];
    assert.equal(verifyRecord(exported(itemsOf(t.line, t.logs, { forks: [same] }))).generations[0].disputed, true);
    const leaves = t.a.entries.map(leafHash), proof = [rootsAt(leaves, [split]).get(split), ...consistency(leaves, split)], differ = [t.a.generation, head(other, split), head(t.a, 3), split === 3 ? [] : proof];
    assert.equal(verifyRecord(exported(itemsOf(t.line, t.logs, { forks: [differ] }))).generations[0].disputed, true);
    refused('bad-proof', itemsOf(t.line, t.logs, { forks: [[t.a.generation, head(t.a, split), head(t.a, 3), split === 3 ? [] : proof]] }), 'they agree');
    refused('bad-signature', itemsOf(t.line, t.logs, { forks: [[t.a.generation, [3, fill(32, 'r'), ...head(t.a, 3).slice(2)], head(other, 3), []]] }));
    if (split < 3) refused('bad-proof', itemsOf(t.line, t.logs, { forks: [[t.a.generation, differ[1], differ[2], []]] }), 'no proof');
  }
});

const receiptIn = ([, , size, g, time, ed, ml], hashes = []) => [size, g, time, ed, ml, hashes];
const extraOf = (t, { receipts = [receiptIn(t.b.receiptFor(t.a, 3, 1030))], key = t.a.disclosures[t.q], entry = t.a.entries[t.q], certs = t.logs.map((p) => p.cert) } = {}) =>
  [1, t.line.founding, certs, entry, key, receipts];

test('proof file', () => {
  const verify = (extra, edit, index = s.q) => verifyProof(Buffer.from(proofText(s.a, index, extra, { edit })));
  const r = verify(extraOf(s));
  assert.deepEqual([r.entry, r.stored, r.body['2']], [`${'0a'.repeat(8)}:2`, [{ by: 'birch', time: 1030 }], 'Is this your exercise?']);
  const grown = story();
  const small = proofText(grown.a, grown.q, ['later']);
  grown.a.write(1050, [], { 1: 'seen', 3: 'watch' }, {});
  const later = extraOf(grown, { receipts: [receiptIn(grown.b.receiptFor(grown.a, 4, 1060), consistency(grown.a.entries.map(leafHash), 3)), receiptIn(grown.b.receiptFor(grown.a, 2, 1005))] });
  const swapped = (extra) => Buffer.from(small.replace(/^extra .*$/m, `extra ${encode(extra).toString('base64')}`));
  assert.deepEqual(verifyProof(swapped(later)).stored, [{ by: 'birch', time: 1060 }]);
  assert.throws(() => verifyProof(swapped(extraOf(grown, { receipts: [receiptIn(grown.b.receiptFor(grown.a, 4, 1060), [fill(32, 'x')])] }))), kind('bad-proof'));
  const bad = (want, extra, edit, index) => assert.throws(() => verify(extra, edit, index), kind(want), want);
  bad('bad-proof', extraOf(s, { entry: s.a.entries[1], key: s.a.disclosures[1] }));
  bad('bad-commitment', extraOf(s, { key: [0, fill(32, 'k')] }));
  bad('malformed', extraOf(s, { key: null }));
  bad('malformed', [2, ...extraOf(s).slice(1)]);
  bad('unknown-key', extraOf(s, { certs: [s.a.cert] }));
  bad('wrong-line', extraOf(s, { certs: [s.b.cert, s.a.cert] }));
  bad('bad-signature', extraOf(s), (l) => l.filter((x) => x.length < 3000 || !x.startsWith('\u2014')));
  bad('bad-signature', extraOf(s), (l) => l.filter((x) => x.length > 200 || !x.startsWith('\u2014')));
  bad('malformed', extraOf(s), (l) => l.map((x) => (x.startsWith('index') ? 'index 02' : x)));
  bad('bad-proof', extraOf(s), (l) => l.map((x) => (x.startsWith('index') ? 'index 1' : x)));
  bad('malformed', extraOf(s), (l) => l.filter((x) => !x.startsWith('extra')));
  bad('malformed', extraOf(s), (l) => l.flatMap((x, i) => (l[i - 1] === '3' ? [x, 'extension'] : [x])));
  bad('malformed', extraOf(s), (l) => ['c2sp.org/tlog-proof@v2', ...l.slice(1)]);
  bad('malformed', extraOf(s, { entry: s.a.entries[0] }), undefined, 0);
  assert.throws(() => verifyProof(Buffer.from(proofText(s.a, s.q, extraOf(s))), { founding: '00'.repeat(32) }), kind('wrong-line'));
});

test('proof of silence', () => {
  const silence = (t, asOf, keys = (p, i) => (p === t.a ? i === t.q : 'header')) =>
    verifySilence(exported(itemsOf(t.line, t.logs, { title: 'parley silence', receipts: t.receipts(), keys, ask: [[8, t.a.generation, t.q, asOf]] })));
  const r = silence(s, 1025);
  assert.deepEqual([r.verdict, r.asked[0].opened.form, r.asked[0].stored.time], ['no answer', 'opened', 1030]);
  assert.equal(silence(s, 1032).verdict, 'cannot say');
  assert.equal(silence(s, 1025, (p, i) => (p === s.a ? i === s.q : i === 1 && 'header')).verdict, 'cannot say');
  assert.throws(() => silence(s, 1025, () => false), kind('not-found'));
  const t = story();
  t.b.write(1025, [], { 1: 'dispatch', 2: 1, 3: 'envoy', 8: [[t.a.generation, t.q]] }, { 1: 'Answer' });
  assert.deepEqual([silence(t, 1025).verdict, silence(t, 1025).ok], ['answered', false]);
});

test('command: exit codes and words', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-read-')), program = fileURLToPath(new URL('../parley-read.mjs', import.meta.url));
  const run = (...args) => { try { return [0, execFileSync(process.execPath, [program, ...args], { encoding: 'utf8', stdio: 'pipe' })]; } catch (e) { return [e.status, e.stdout + e.stderr]; } };
  try {
    const file = join(dir, 'record'), broken = join(dir, 'broken'), bytes = exported(whole());
    writeFileSync(file, bytes);
    bytes[bytes.length - 1] ^= 1;
    writeFileSync(broken, bytes);
    assert.match(run('verify', file)[1], /NOT COMPARED[^]*verified: 6 entries in 2 logs, 4 settled/);
    assert.equal(JSON.parse(run('verify', file, '--json')[1]).ok, true);
    const t = story(), nasty = '\u202eright to left\u009b\u{e0001}\u2028\u001b[2J';
    t.a.write(1050, [], { 1: 'dispatch', 2: 2, 3: 'envoy' }, { 2: nasty });
    writeFileSync(join(dir, 'nasty'), exported(itemsOf(t.line, t.logs)));
    const [status, printed] = run('verify', join(dir, 'nasty'), '--json');
    assert.deepEqual([status, /[\u202e\u009b\u{e0001}\u2028\u001b]/u.test(printed)], [0, false]);
    assert.ok(JSON.parse(printed).record.some((e) => e.body?.['2'] === nasty));
    assert.equal(run('verify', file, '--founding', s.line.hash.toString('hex'))[0], 0);
    assert.equal(run('verify', file, '--founding', '00'.repeat(32))[0], 1);
    const [code, said] = run('verify', broken, '--json');
    assert.equal(code, 1);
    assert.match(said, /"error":"bad-proof"[^]*refused: bad-proof: .*item \d+, byte \d+/);
    for (const args of [[], ['verify'], ['verify', join(dir, 'none')], ['read', file], ['verify', file, '--founding', 'x'], ['verify', file, '--what']]) assert.equal(run(...args)[0], 2, args.join(' '));
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('vectors: the runner counts what fails', () => {
  const dir = mkdtempSync(join(tmpdir(), 'parley-vectors-')), said = [];
  const put = (name, v) => writeFileSync(join(dir, name), JSON.stringify(v));
  try {
    assert.equal(runVectors(dir, (x) => said.push(x)), false, 'no vectors is no success');
    put('a.json', { part: 'cbor', cases: [{ name: 'one', input: { bytes: '01' }, want: { ok: true } }, { name: 'long', input: { bytes: '1801' }, error: 'malformed' }] });
    assert.equal(runVectors(dir, (x) => said.push(x)), true);
    for (const [name, v] of Object.entries({ part: { part: 'nothing', cases: [{}] }, empty: { part: 'cbor', cases: [] }, kind: { part: 'cbor', cases: [{ name: 'x', input: { bytes: '1801' }, error: 'gap' }] },
      passed: { part: 'cbor', cases: [{ name: 'x', input: { bytes: '01' }, error: 'gap' }] }, want: { part: 'cbor', cases: [{ name: 'x', input: { bytes: '01' }, want: { value: 2 } }] } })) {
      put('b.json', v);
      assert.equal(runVectors(dir, (x) => said.push(x)), false, name);
    }
  } finally {
    rmSync(dir, { recursive: true });
  }
});

test('vectors: every one of the specification', () => {
  const said = [];
  assert.equal(runVectors(new URL('../../vectors', import.meta.url).pathname, (x) => said.push(x)), true, said.filter((x) => /FAIL/.test(x)).join('\n'));
});
