// Exported records, proof files and proofs of silence (spec/proofs.md). Checks of
// a record run in the order of loadRecord, and the first failure is the refusal:
// nothing inside an entry is judged before its log has signed for it.
import { bytes, check, decode, decodeAt, hex, list, plain, Refusal, refuse, tstr, tuple, uint, within } from './cbor.mjs';
import { keyShape, openEntry, parseEntry, PRECEDENCE } from './entry.mjs';
import { checkSeen, Log, recordOrder } from './order.mjs';
import { acceptCertificate, age, parseCertificate, parseFounding } from './papers.mjs';
import { base64, checkCheckpoint, checkReceipt, consistencyRoots, EMPTY_ROOT, holderOf, inclusionRoot, keyId, leafHash, parseNoteLine, rootsAt, sha256, witnessTime } from './sign.mjs';

const signedHead = tuple(uint, bytes(32), bytes(64), bytes(2420));
const evidence = tuple(bytes(8), signedHead, signedHead, list(bytes(32)));
const SHAPES = [[tstr, uint], [bytes()], [bytes()], [bytes(8), uint, bytes(), keyShape], [bytes(8), uint, bytes(32), bytes(64), bytes(2420)],
  [bytes(8), uint, bytes(8), uint, bytes(64), bytes(2420)], [bytes(8), uint, tstr], [list(evidence)], [bytes(8), uint, uint], [bytes(32)]]
  .map((of) => tuple(uint, ...of));
export const refOf = (generation, index) => `${generation}:${index}`;

// readItems splits the file: for each kind, a list of { v, place }.
function readItems(buf, title) {
  const items = SHAPES.map(() => []), counts = { 0: [1, 1], 1: [1, 1], 7: [0, 1], 8: title === 'parley silence' ? [1, 1] : [0, 0], 9: [1, 1] };
  for (let item = 0, pos = 0, last = 0; pos < buf.length; item++) {
    const place = { byte: pos, item };
    within(place, () => {
      const [v, next] = decodeAt(buf, pos), kind = Array.isArray(v) ? v[0] : -1;
      check(SHAPES[kind] ?? (() => false), v, `item ${item}`);
      if (kind < last || (kind === 0) !== (item === 0)) refuse('malformed', `item of kind ${kind} out of order`);
      if (kind === 0 && (v[1] !== title || v[2] !== 1)) refuse(v[1] === title ? 'unsupported' : 'malformed', `not a ${title} of version 1`);
      items[kind].push({ v, place });
      [pos, last] = [next, kind];
    });
  }
  for (const [kind, [min, max]] of Object.entries(counts)) if (items[kind].length < min || items[kind].length > max) {
    refuse('malformed', `${items[kind].length} items of kind ${kind}`, items[kind].at(-1)?.place ?? { byte: buf.length });
  }
  return items;
}

const generationOf = (r, g) => r.gens.get(hex(g)) ?? refuse('unknown-key', `no certificate of generation ${hex(g)}`);

// each judges the items of one kind, every one in its place.
const each = (items, judge) => items.forEach(({ v: [, ...v], place }) => within(place, () => judge(...v, place)));

// rising refuses items whose keys, lists of numbers or codes, do not rise.
function rising(items, keyOf) {
  let last = [-1];
  each(items, (...v) => {
    const key = keyOf(...v), i = key.findIndex((x, n) => x !== last[n]);
    if (i < 0 || key[i] < last[i]) refuse('malformed', 'items of one kind out of order');
    last = key;
  });
}

// headOf is what a statement over a size is about; the root is recomputed.
function headOf(r, g, size) {
  const gen = generationOf(r, g), { origin, roots, entries } = gen;
  if (size === 0) refuse('malformed', 'a statement over size 0');
  const root = roots.get(size) ?? refuse('gap', `size ${size} of ${gen.generation}, of which ${entries.length} entries are here`);
  return [gen, { origin, size, root }];
}

// checkHeads verifies every statement over a size of a generation.
function checkHeads(r, [, , , , checkpoints, receipts, witnesses, forks]) {
  const sizes = [...checkpoints, ...receipts, ...witnesses].map(({ v: [, g, n] }) => [hex(g), n]);
  for (const gen of r.gens.values()) gen.roots = rootsAt(gen.entries.map((e) => leafHash(e.raw)), sizes.filter(([g]) => g === gen.generation).map(([, n]) => n));
  rising(checkpoints, (g, size) => [generationOf(r, g).rank, size]);
  each(checkpoints, (g, size, root, ed, ml) => {
    const [gen, head] = headOf(r, g, size);
    if (!head.root.equals(root)) refuse('bad-proof', `entries ${gen.checkpoint} to ${size - 1} of ${gen.generation} do not give this root`);
    checkCheckpoint(head, gen.log, [ed, ml]);
    gen.checkpoint = size;
  });
  for (const { entries, checkpoint } of r.gens.values()) if (checkpoint < entries.length) refuse('gap', 'no checkpoint covers this entry', entries[checkpoint].place);
  rising(receipts, (g, size, holder) => [generationOf(r, g).rank, generationOf(r, holder).rank, size]);
  each(receipts, (g, size, holder, time, ed, ml) => {
    const by = generationOf(r, holder), [gen, head] = headOf(r, g, size);
    gen.receipts.push({ by: checkHolder(gen, by, head, time, [ed, ml]), generation: by.generation, size, time });
  });
  each(witnesses, (g, size, note) => {
    const [gen, head] = headOf(r, g, size);
    if (!checkpoints.some(({ v }) => v[1].equals(g) && v[2] === size)) refuse('gap', 'witness cosignature without its checkpoint');
    const w = witnessTime(head, note.replace(/\n$/, ''), r.line.vkeys);
    if (w) gen.witnesses.push({ ...w, size });
    else r.unknownWitnesses++;
  });
  each(forks, (list) => list.forEach(([g, ...signed]) => {
    checkFork(generationOf(r, g), ...signed);
    generationOf(r, g).disputed = true;
  }));
}

// checkHolder verifies a receipt of generation by and returns whose it is.
function checkHolder(gen, by, head, time, signatures) {
  if (by.party === gen.party) refuse('wrong-party', 'receipt of a party for its own log');
  checkReceipt(head, holderOf(by.origin), time, by.receipt, signatures);
  return by.party;
}

// checkFork verifies frame 10's evidence against the keys of gen: for different
// sizes the first hash is the root that the larger checkpoint gives the smaller.
export function checkFork(gen, [a, rootA, ...signedA], [b, rootB, ...signedB], proof) {
  if (a > b || (a === b && proof.length > 0)) refuse('malformed', 'fork evidence: sizes out of order, or hashes for equal sizes');
  checkCheckpoint({ origin: gen.origin, size: a, root: rootA }, gen.log, signedA);
  checkCheckpoint({ origin: gen.origin, size: b, root: rootB }, gen.log, signedB);
  const [start, ...path] = a < b ? proof : [rootB], [other, second] = start ? consistencyRoots(a, b, path, start) : refuse('bad-proof', 'fork evidence without the other root');
  if (!second.equals(rootB) || !other.equals(start)) refuse('bad-proof', 'fork evidence: the consistency proof does not fit');
  if (other.equals(rootA)) refuse('bad-proof', 'fork evidence: the two checkpoints agree');
}

// readClear parses the entries of a generation and checks its own rules.
function readClear(r, gen) {
  const log = new Log(gen.generation, gen.party, age(gen), gen.disputed);
  let announced = 0, used = 0;
  for (const e of gen.entries) within(e.place, () => {
    Object.assign(e, parseEntry(e.raw));
    if (e.key && (e.unsupported || e.epochEntry)) refuse('malformed', 'a key for an entry that has none');
    if (e.index === 0 && !e.epochEntry) refuse('malformed', 'a generation begins with an epoch entry');
    log.add(e.time, seenPairs(e));
    if (e.epochEntry) {
      if (e.epoch !== announced++) refuse(e.epoch < announced ? 'rewind' : 'gap', `epoch ${e.epoch} announced where ${announced - 1} is next`);
      if ((e.index === 0) !== (e.certificate !== undefined)) refuse('malformed', 'the certificate stands at index 0, and only there');
      if (e.certificate && !e.certificate.equals(gen.raw)) refuse('conflict', 'another certificate at index 0');
      for (const p of r.line.parties.keys()) if (p !== gen.party && !e.shares.has(p) && !log.without.has(p)) log.without.set(p, e.index);
      for (const p of e.shares.keys()) if (p === gen.party || !r.line.parties.has(p)) refuse('wrong-party', `epoch sealed to ${p}`);
    } else if (!e.unsupported) {
      if (e.epoch >= announced) refuse('gap', `epoch ${e.epoch} has not been announced`);
      if (e.epoch < used) refuse('rewind', `epoch ${e.epoch} after epoch ${used}`);
      used = e.epoch;
    }
  });
  return log;
}

const seenPairs = (e) => [...(e.seen ?? [])].map(([g, n]) => [hex(g), n]);

// openAll opens what keys are given for. What a log has signed for but does not
// open, or misnumbers, is its writer's fault: told in r.faults, never a refusal.
function openAll(r, gen) {
  const last = [0, 0], hidden = [0, 0]; // for each series: the last serial, and unopened entries since
  for (const e of gen.entries.filter((x) => !x.epochEntry)) {
    const fault = (kind, what) => r.faults.push({ entry: refOf(gen.generation, e.index), kind, what });
    try {
      e.open = e.key && openEntry(gen.origin, e.index, e, e.key);
    } catch (err) {
      if (!(err instanceof Refusal) || err.kind === 'bad-commitment') within(e.place, () => { throw err; });
      fault(err.kind, err.message);
    }
    const serial = e.open?.header.get(2), s = e.open?.header.get(13) ?? 0;
    if (!e.open) hidden.forEach((n, i) => { hidden[i] = n + 1; });
    if (serial === undefined) continue;
    if (serial <= last[s] || serial - last[s] - 1 > hidden[s]) fault('bad-serial', `serial ${serial} after ${last[s]}`);
    [last[s], hidden[s]] = [serial, 0];
  }
}

// bounds says who stored an entry, and the earliest time it is known to exist.
function bounds(gen, index) {
  const over = (list) => list.filter((x) => x.size > index).map(({ by, time }) => ({ by, time })).sort((a, b) => a.time - b.time);
  const stored = over(gen.receipts).filter((x, i, all) => all.findIndex((y) => y.by === x.by) === i);
  return { stored, notAfter: over([...gen.receipts, ...gen.witnesses])[0] ?? null };
}

// describe is one entry as it is shown and as it stands in JSON.
function describe(gen, e) {
  const out = { entry: refOf(gen.generation, e.index), party: gen.party, time: e.time, ...bounds(gen, e.index) }, h = e.open?.named;
  if (!h) return { ...out, shown: e.unsupported ? `unsupported version ${e.version}` : e.epochEntry ? `epoch ${e.epoch}` : e.key ? 'unreadable' : 'sealed' };
  const shown = [h.exercise && `EXERCISE ${h.exercise}`, h.form, h.serial && `#${h.serial}`, PRECEDENCE[h.precedence ?? 0]].filter(Boolean).join(' ');
  return { ...out, shown, header: plain(new Map(Object.entries(h))), body: e.open.body && plain(e.open.body) };
}

const describeLine = (line, founding) => ({ line: line.id, founding: hex(line.hash), compared: Boolean(founding), fingerprint: line.fingerprint,
  parties: [...line.parties.values()].map(({ code, name }) => ({ code, name })) });

const compareFounding = (line, founding, place) =>
  !founding || founding === hex(line.hash) || refuse('wrong-line', `founding hash is ${hex(line.hash)}`, place);

// loadRecord verifies a whole file and returns everything in it.
function loadRecord(buf, { founding, title = 'parley record' } = {}) {
  const items = readItems(buf, title), [{ v: [, foundingRaw], place }] = items[1], [{ v: [, sum], place: end }] = items[9];
  const r = { gens: new Map(), faults: [], unknownWitnesses: 0, ask: items[8][0], line: within(place, () => parseFounding(foundingRaw)) };
  compareFounding(r.line, founding, place);
  rising(items[2], (raw) => { const c = parseCertificate(raw); return [c.party, age(c)]; });
  each(items[2], (raw) => {
    const c = parseCertificate(raw);
    r.gens.set(c.generation, { ...c, rank: r.gens.size, entries: [], checkpoint: 0, receipts: [], witnesses: [], disputed: false });
  });
  each(items[2], (raw) => {
    const c = parseCertificate(raw);
    r.gens.get(c.generation).origin = acceptCertificate(c, r.line, r.gens);
  });
  rising(items[3], (g, index) => [generationOf(r, g).rank, index]);
  each(items[3], (g, index, raw, key, place) => {
    const gen = generationOf(r, g);
    if (index > gen.entries.length) refuse('gap', `index ${index} where ${gen.entries.length} is next`);
    gen.entries.push({ raw, key, place, index });
  });
  checkHeads(r, items);
  const logs = new Map([...r.gens].map(([g, gen]) => [g, readClear(r, gen)]));
  for (const [g, gen] of r.gens) for (const e of gen.entries) within(e.place, () => checkSeen(logs, logs.get(g), e.index, seenPairs(e)));
  Object.assign(r, recordOrder(logs, [...r.line.parties.keys()]));
  for (const gen of r.gens.values()) openAll(r, gen);
  if (!sha256(buf.subarray(0, end.byte)).equals(sum)) refuse('bad-proof', 'the hash of the file does not fit', end);
  return r;
}

// verifyRecord returns what a record proves, as JSON.
export function verifyRecord(buf, options = {}) {
  const r = loadRecord(buf, options), gens = [...r.gens.values()], all = gens.flatMap((g) => g.entries), refs = (list) => list.map(([l, i]) => refOf(l.generation, i));
  return {
    ok: true, ...describeLine(r.line, options.founding), words: r.line.words, entries: all.length, opened: all.filter((e) => e.open?.body).length,
    headers: all.filter((e) => e.open).length, settled: r.settled, waiting: r.waiting, faults: r.faults, unknownWitnesses: r.unknownWitnesses,
    order: refs(r.order), late: refs(r.late), record: [...r.order, ...r.late].map(([l, i]) => describe(r.gens.get(l.generation), r.gens.get(l.generation).entries[i])),
    generations: gens.map(({ generation, party, reason, entries, disputed, receipts, witnesses, roots, checkpoint }) => ({ generation, party, reason, entries: entries.length,
      disputed, receipts, witnesses, root: hex(roots.get(checkpoint) ?? EMPTY_ROOT) })),
  };
}

// --- Proof files of one entry (C2SP tlog-proof) and proofs of silence.

const receipt = tuple(uint, bytes(8), uint, bytes(64), bytes(2420), list(bytes(32)));
const extraShape = tuple((v) => v === 1, bytes(), list(bytes(), 1), bytes(), (k) => k !== null && keyShape(k), list(receipt));
// Forms that say something was received, or cannot be used; every other reference answers.
const RECEIPTS = new Set(['opened', 'translated', 'informed', 'attachments', 'complaint']);

// A proof file with a checkpoint of three lines and at least one signature.
const NUMBER = '(0|[1-9][0-9]{0,14})';
const FORM = new RegExp(`^c2sp\\.org/tlog-proof@v1\nextra (\\S+)\nindex ${NUMBER}\n((?:\\S+\n)*)\n(\\S+)\n${NUMBER}\n(\\S+)\n\n((?:\u2014 .*\n)*)$`);
const hash32 = (s) => check(bytes(32), base64(s), 'a hash');

// parseProof splits a tlog-proof: { extra, index, hashes, origin, size, root, lines }.
function parseProof(text) {
  const m = FORM.exec(text) ?? refuse('malformed', 'not a tlog-proof with extra data and a plain checkpoint');
  const lines = (s) => s.split('\n').slice(0, -1);
  return { extra: base64(m[1]), index: Number(m[2]), hashes: lines(m[3]).map(hash32), origin: m[4], size: Number(m[5]), root: hash32(m[6]), lines: lines(m[7]) };
}

// signatureOf finds the one signature of a key on the checkpoint.
function signatureOf(lines, name, type, key) {
  const id = keyId(name, type, key), found = lines.filter((l) => l.name === name && l.id.equals(id));
  return found.length === 1 ? found[0].signature : refuse('bad-signature', `${found.length} signatures of type ${type} of the log`);
}

export function verifyProof(buf, { founding } = {}) {
  const p = parseProof(new TextDecoder('utf-8', { ignoreBOM: true }).decode(buf));
  const [, foundingRaw, certs, raw, key, receipts] = check(extraShape, decode(p.extra), 'extra data');
  const line = parseFounding(foundingRaw), known = new Map(), place = (c) => `${c.party}/${age(c)}`; // compares like the parts
  compareFounding(line, founding);
  const chain = certs.map(parseCertificate), [{ generation }] = chain;
  for (const c of chain.sort((a, b) => (place(a) < place(b) ? -1 : 1))) known.set(c.generation, c);
  for (const c of chain) c.origin = acceptCertificate(c, line, known);
  const gen = { ...known.get(generation), receipts: [], witnesses: [] }, { origin } = gen;
  if (origin !== p.origin) refuse('wrong-line', `the checkpoint is of ${p.origin}, the entry of ${origin}`);
  if (!inclusionRoot(leafHash(raw), p.index, p.size, p.hashes).equals(p.root)) refuse('bad-proof', 'the entry is not under the root of the checkpoint');
  const head = { origin, size: p.size, root: p.root }, lines = p.lines.map(parseNoteLine);
  const ml = signatureOf(lines, origin, 6, gen.log[1]);
  if (ml.length !== 8 + 2420 || ml.readBigUInt64BE(0) !== 0n) refuse('bad-signature', 'the ML-DSA-44 signature of the log has another time than 0');
  checkCheckpoint(head, gen.log, [signatureOf(lines, origin, 1, gen.log[0]), ml.subarray(8)]);
  gen.witnesses = p.lines.map((l) => witnessTime(head, l, line.vkeys)).filter(Boolean).map((w) => ({ ...w, size: p.size }));
  for (const [size, g, time, ed, mlSig, hashes] of receipts.filter(([n]) => n >= p.size)) {
    const by = known.get(hex(g)) ?? refuse('unknown-key', 'receipt of a holder without certificate');
    const [same, root] = consistencyRoots(p.size, size, hashes, p.root);
    if (!same.equals(p.root)) refuse('bad-proof', 'receipt for a tree that does not contain the checkpoint');
    gen.receipts.push({ by: checkHolder(gen, by, { origin, size, root }, time, [ed, mlSig]), size, time });
  }
  const e = { ...parseEntry(raw), raw, key, index: p.index };
  if (!e.C) refuse(e.unsupported ? 'unsupported' : 'malformed', 'a proof file opens a sealed entry of version 1');
  e.open = openEntry(origin, p.index, e, key);
  return { ok: true, ...describeLine(line, founding), ...describe(gen, e), witnesses: gen.witnesses };
}

// verifySilence returns, for each party asked, what a proof of silence shows.
// Its verdict is "no answer" only if that is proved of every one of them.
export function verifySilence(buf, { founding } = {}) {
  const r = loadRecord(buf, { founding, title: 'parley silence' }), { v: [, g, index, asOf], place } = r.ask;
  const gen = r.gens.get(hex(g)), request = gen?.entries[index];
  if (!request?.open) refuse('not-found', 'the request asked about is not in the file, or not opened', place);
  const asked = [...new Set((request.open.header.get(4) ?? []).map(([p]) => p))].filter((p) => p !== gen.party && r.line.parties.has(p));
  const judged = asked.length ? asked : [...r.line.parties.keys()].filter((p) => p !== gen.party);
  const parties = judged.map((party) => ({ party, ...silenceOf(r, party, g, index, asOf), stored: bounds(gen, index).stored.find((s) => s.by === party) ?? null }));
  const verdict = parties.every((p) => p.verdict === 'no answer') ? 'no answer' : parties.some((p) => p.verdict === 'answered') ? 'answered' : 'cannot say';
  return { ok: verdict === 'no answer', verdict, asOf, ...describeLine(r.line, founding), request: describe(gen, request), asked: parties };
}

function silenceOf(r, party, g, index, asOf) {
  const theirs = [...r.gens.values()].filter((x) => x.party === party), entries = theirs.flatMap((x) => x.entries.map((e) => [x, e]));
  const refers = ([, e]) => e.open?.header.get(8)?.some(([rg, ri]) => rg.equals(g) && ri === index);
  const referring = entries.filter(refers).map(([x, e]) => ({ entry: refOf(x.generation, e.index), form: e.open.header.get(1), time: e.time }));
  const answers = referring.filter((a) => !RECEIPTS.has(a.form)), opened = referring.find((a) => a.form === 'opened') ?? null;
  const hidden = entries.filter(([, e]) => !e.epochEntry && !e.open).length, newest = theirs.at(-1);
  const late = newest && [...newest.witnesses, ...newest.receipts].find((t) => t.size === newest.entries.length && t.time >= asOf);
  const verdict = answers.length ? 'answered' : hidden || !late ? 'cannot say' : 'no answer';
  const why = hidden ? `${hidden} headers are not opened` : !late ? 'no witness or receipt over the end of their log is of that time or later' : `by the word of ${late.by}`;
  return { verdict, why, opened, answers, bound: late ?? null };
}
