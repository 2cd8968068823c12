// An exported record (spec/proofs.md). Checks run in this order, and the first
// failure is the refusal: structure; founding; certificates; entries in
// sequence; roots and signatures of checkpoints; receipts; witnesses; fork
// evidence; clear parts and epochs; seen; order; disclosed keys; the last hash.
// So nothing inside an entry is judged before its log has signed for it.
import { bytes, check, decodeAt, list, plain, tstr, tuple, uint } from './cbor.mjs';
import { keyShape, openEntry, parseEntry, PRECEDENCE } from './entry.mjs';
import { checkSeen, Log, recordOrder } from './order.mjs';
import { acceptCertificate, parseCertificate, parseFounding } from './papers.mjs';
import { refuse, Refusal, within } from './refuse.mjs';
import { checkCheckpoint, checkReceipt, holderOf, witnessTime } from './sign.mjs';
import { consistencyRoots, EMPTY_ROOT, leafHash, rootsAt, sha256 } from './tree.mjs';

const signedHead = tuple(uint, bytes(32), bytes(64), bytes(2420));
const evidence = tuple(bytes(8), signedHead, signedHead, list(bytes(32)));
const SHAPES = [[tstr, uint], [bytes()], [bytes()], [bytes(8), uint, bytes(), keyShape], [bytes(8), uint, bytes(32), bytes(64), bytes(2420)],
  [bytes(8), uint, bytes(8), uint, bytes(64), bytes(2420)], [bytes(8), uint, tstr], [list(evidence)], [bytes(8), uint, uint], [bytes(32)]]
  .map((of) => tuple(uint, ...of));
const COUNTS = { 0: [1, 1], 1: [1, 1], 7: [0, 1], 9: [1, 1] };
export const hex = (b) => b.toString('hex');
export const refOf = (generation, index) => `${generation}:${index}`;

// readItems splits the file: for each kind, a list of { v, place }.
function readItems(buf, title) {
  const items = SHAPES.map(() => []);
  let pos = 0, last = 0;
  for (let item = 0; pos < buf.length; item++) {
    const place = { byte: pos, item };
    within(place, () => {
      const [v, next] = decodeAt(buf, pos), kind = Array.isArray(v) ? v[0] : -1;
      check(SHAPES[kind] ?? (() => false), v, `item ${item}`);
      if (kind < last) refuse('malformed', `item of kind ${kind} after kind ${last}`);
      if (kind === 0 && (v[1] !== title || item > 0)) refuse('malformed', `not a ${title}`);
      if (kind === 0 && v[2] !== 1) refuse('unsupported', `version ${v[2]} of a ${title}`);
      items[kind].push({ v, place });
      [pos, last] = [next, kind];
    });
  }
  for (const [kind, [min, max]] of Object.entries({ ...COUNTS, 8: title === 'parley silence' ? [1, 1] : [0, 0] })) {
    if (items[kind].length < min || items[kind].length > max) refuse('malformed', `${items[kind].length} items of kind ${kind}`, { byte: pos });
  }
  return items;
}

// Each generation: its certificate, origin, entries with places and keys, the
// roots asked for, its last checkpoint, and what others signed of it.
function loadGenerations(r, certificates) {
  let last = '';
  for (const { v, place } of certificates) within(place, () => {
    const c = parseCertificate(v[1]);
    if (c.party < last) refuse('malformed', 'certificates not in the order of party codes');
    last = c.party;
    const origin = acceptCertificate(c, r.line, r.known);
    r.known.set(c.generation, c);
    r.gens.set(c.generation, { ...c, origin, place, entries: [], checkpoint: 0, receipts: [], witnesses: [], disputed: false });
  });
}

function loadEntries(r, items) {
  const rank = [...r.gens.keys()];
  let current = -1;
  for (const { v: [, g, index, raw, key], place } of items) within(place, () => {
    const at = rank.indexOf(hex(g)), gen = r.gens.get(hex(g)) ?? refuse('unknown-key', `entry of a generation without certificate`);
    if (at < current) refuse('malformed', 'generations not in the order of their certificates');
    current = at;
    if (index !== gen.entries.length) refuse(index > gen.entries.length ? 'gap' : 'malformed', `index ${index} where ${gen.entries.length} is next`);
    gen.entries.push({ raw, key, place, index });
  });
}

// checkHeads verifies every statement over a size of a generation.
function checkHeads(r, [, , , , checkpoints, receipts, witnesses, forks]) {
  const asked = new Map([...r.gens.keys()].map((g) => [g, new Set()]));
  for (const { v } of [...checkpoints, ...receipts, ...witnesses]) asked.get(hex(v[1]))?.add(v[2]);
  for (const { v } of forks) for (const [g, [size]] of v[1]) asked.get(hex(g))?.add(size);
  for (const [g, gen] of r.gens) gen.roots = rootsAt(gen.entries.map((e) => leafHash(e.raw)), asked.get(g));
  const rank = [...r.gens.keys()], before = { 4: [], 5: [] };
  const headOf = (g, size, sortKey, kind) => {
    const gen = r.gens.get(hex(g)) ?? refuse('unknown-key', 'a generation without certificate');
    if (size === 0) refuse('malformed', 'size 0');
    const key = [rank.indexOf(gen.generation), ...sortKey, size], i = key.findIndex((k, n) => k !== before[kind]?.[n]);
    if (before[kind]?.length && (i < 0 || key[i] < before[kind][i])) refuse('malformed', `items of kind ${kind} out of order`);
    if (before[kind]) before[kind] = key;
    const root = gen.roots.get(size) ?? refuse('gap', `size ${size} of ${gen.generation}, of which ${gen.entries.length} entries are here`);
    return [gen, { origin: gen.origin, size, root }];
  };
  for (const { v: [, g, size, root, ed, ml], place } of checkpoints) within(place, () => {
    const [gen, head] = headOf(g, size, [], 4);
    if (!head.root.equals(root)) refuse('bad-proof', `entries ${gen.checkpoint} to ${size - 1} of ${gen.generation} do not give this root`, suspect(gen, size));
    checkCheckpoint(head, gen.log, ed, ml);
    gen.checkpoint = size;
  });
  for (const gen of r.gens.values()) if (gen.checkpoint < gen.entries.length) refuse('gap', `no checkpoint covers entry ${gen.checkpoint}`, gen.entries[gen.checkpoint].place);
  for (const { v: [, g, size, holder, time, ed, ml], place } of receipts) within(place, () => {
    const by = r.gens.get(hex(holder)) ?? refuse('unknown-key', 'holder without certificate');
    const [gen, head] = headOf(g, size, [rank.indexOf(by.generation)], 5);
    if (by.party === gen.party) refuse('wrong-party', 'receipt of a party for its own log');
    checkReceipt(head, holderOf(by.origin), time, by.receipt, ed, ml);
    gen.receipts.push({ by: by.party, generation: by.generation, size, time });
  });
  for (const { v: [, g, size, note], place } of witnesses) within(place, () => {
    const [gen, head] = headOf(g, size, [], 6);
    if (!checkpoints.some(({ v }) => v[1].equals(g) && v[2] === size)) refuse('gap', 'witness cosignature without its checkpoint');
    const w = witnessTime(head, note.replace(/\n$/, ''), r.line.vkeys);
    if (w) gen.witnesses.push({ by: w.name, size, time: w.time });
    else r.unknownWitnesses++;
  });
  for (const { v, place } of forks) for (const e of v[1]) within(place, () => {
    const gen = r.gens.get(hex(e[0])) ?? refuse('unknown-key', 'fork evidence of a generation without certificate');
    checkFork(gen, e[1], e[2], e[3], gen.roots.get(e[1][0]));
    gen.disputed = true;
  });
}

// suspect finds, for a root that does not fit, the first entry that betrays itself.
function suspect(gen, size) {
  for (const e of gen.entries.slice(gen.checkpoint, size)) {
    try {
      const parsed = parseEntry(e.raw);
      if (e.key) openEntry(gen.origin, e.index, parsed, e.key);
    } catch {
      return e.place;
    }
  }
  return {};
}

// checkFork verifies frame 10's evidence against the keys of gen. prefix is the
// root of the smaller size that the holder recomputed, if it has one.
export function checkFork(gen, [a, rootA, edA, mlA], [b, rootB, edB, mlB], proof, prefix) {
  if (a > b) refuse('malformed', 'fork evidence: the smaller size comes first');
  checkCheckpoint({ origin: gen.origin, size: a, root: rootA }, gen.log, edA, mlA);
  checkCheckpoint({ origin: gen.origin, size: b, root: rootB }, gen.log, edB, mlB);
  let other = rootB;
  if (a < b) {
    const exact = Number.isInteger(Math.log2(a)), [start, rest] = exact && !prefix ? [proof[0], proof.slice(1)] : [prefix, proof];
    if (exact && !start) refuse('bad-proof', 'fork evidence without the other root');
    const [first, second] = consistencyRoots(a, b, rest, start);
    if (!second.equals(rootB)) refuse('bad-proof', 'fork evidence: the consistency proof does not fit');
    other = first;
  } else if (proof.length) refuse('malformed', 'fork evidence: a proof between equal sizes');
  if (other.equals(rootA)) refuse('bad-proof', 'fork evidence: the two checkpoints agree');
}

// readClear parses the entries of a generation and checks its own rules.
function readClear(r, gen) {
  const log = new Log(gen.generation, gen.party, gen.names);
  let announced = 0, used = 0;
  for (const e of gen.entries) within(e.place, () => {
    Object.assign(e, parseEntry(e.raw));
    if (e.key && (e.unsupported || e.epochEntry)) refuse('malformed', 'a key for an entry that has none');
    if (e.index === 0 && !e.epochEntry) refuse('malformed', 'a generation begins with an epoch entry');
    if (e.unsupported) return log.add(null, []);
    log.add(e.time, seenPairs(e));
    if (!e.epochEntry) {
      if (e.epoch >= announced) refuse('gap', `epoch ${e.epoch} has not been announced`);
      if (e.epoch < used) refuse('rewind', `epoch ${e.epoch} after epoch ${used}`);
      used = e.epoch;
      return undefined;
    }
    if (e.epoch !== announced) refuse(e.epoch > announced ? 'gap' : 'rewind', `epoch ${e.epoch} announced where ${announced} is next`);
    announced++;
    if ((e.index === 0) !== (e.certificate !== undefined)) refuse('malformed', 'the certificate stands at index 0, and only there');
    if (e.certificate && !e.certificate.equals(gen.raw)) refuse('conflict', 'another certificate at index 0');
    for (const p of e.shares.keys()) if (p === gen.party || !r.line.parties.has(p)) refuse('wrong-party', `epoch sealed to ${p}`);
    return undefined;
  });
  return log;
}

const seenPairs = (e) => [...(e.seen ?? [])].map(([g, n]) => [hex(g), n]);

// openAll opens what keys are given for. What a log has signed for but does not
// open, or misnumbers, is its writer's fault: told in r.faults, never a refusal.
function openAll(r, gen) {
  const last = [0, 0], hidden = [0, 0];
  for (const e of gen.entries) {
    if (e.epochEntry || !e.key) {
      if (!e.epochEntry) hidden.forEach((_, s) => hidden[s]++);
      continue;
    }
    const fault = (kind, what) => r.faults.push({ entry: refOf(gen.generation, e.index), kind, what });
    try {
      e.open = openEntry(gen.origin, e.index, e, e.key);
    } catch (err) {
      if (!(err instanceof Refusal) || err.kind === 'bad-commitment') within(e.place, () => { throw err; });
      fault(err.kind, err.message);
      hidden.forEach((_, s) => hidden[s]++);
      continue;
    }
    const serial = e.open.header.get(2), s = e.open.header.get(13) ?? 0;
    if (serial === undefined) continue;
    if (serial <= last[s] || serial - last[s] - 1 > hidden[s]) fault('bad-serial', `serial ${serial} after ${last[s]}`);
    [last[s], hidden[s]] = [serial, 0];
  }
}

// bounds says who stored an entry, and the earliest time it is known to exist.
export function bounds(gen, index) {
  const over = (list) => list.filter((x) => x.size > index), first = new Map();
  for (const x of over(gen.receipts)) if (!(first.get(x.by)?.time <= x.time)) first.set(x.by, { by: x.by, time: x.time });
  const all = [...first.values(), ...over(gen.witnesses)];
  return { stored: [...first.values()], notAfter: all.reduce((a, b) => (a && a.time <= b.time ? a : { by: b.by, time: b.time }), null) };
}

// describe is one entry as it is shown and as it stands in JSON.
export function describe(gen, e) {
  const out = { entry: refOf(gen.generation, e.index), party: gen.party, time: e.time ?? null, ...bounds(gen, e.index) };
  if (e.unsupported) return { ...out, shown: `unsupported version ${e.version}` };
  if (e.epochEntry) return { ...out, shown: `epoch ${e.epoch}` };
  if (!e.open) return { ...out, shown: e.key ? 'unreadable' : 'sealed' };
  const h = e.open.named;
  const shown = [h.exercise ? `EXERCISE ${h.exercise}` : '', h.form, h.serial ? `#${h.serial}` : '', PRECEDENCE[h.precedence ?? 0]].filter(Boolean).join(' ');
  return { ...out, shown, header: plain(new Map(Object.entries(h))), body: e.open.body && plain(e.open.body) };
}

// loadRecord verifies a whole file and returns everything in it.
export function loadRecord(buf, { founding, title = 'parley record' } = {}) {
  const items = readItems(buf, title), r = { gens: new Map(), known: new Map(), faults: [], unknownWitnesses: 0, ask: items[8][0] };
  r.line = within(items[1][0].place, () => parseFounding(items[1][0].v[1]));
  if (founding && founding !== hex(r.line.hash)) refuse('wrong-line', `founding hash is ${hex(r.line.hash)}`, items[1][0].place);
  loadGenerations(r, items[2]);
  loadEntries(r, items[3]);
  checkHeads(r, items);
  r.logs = new Map([...r.gens].map(([g, gen]) => [g, readClear(r, gen)]));
  for (const [g, gen] of r.gens) for (const e of gen.entries) within(e.place, () => checkSeen(r.logs, r.logs.get(g), e.index, seenPairs(e)));
  Object.assign(r, recordOrder(r.logs, [...r.line.parties.keys()]));
  for (const gen of r.gens.values()) openAll(r, gen);
  const { v, place } = items[9][0];
  if (!sha256(buf.subarray(0, place.byte)).equals(v[1])) refuse('bad-proof', 'the hash of the file does not fit', place);
  return r;
}

// verifyRecord returns what a record proves, as JSON.
export function verifyRecord(buf, options = {}) {
  const r = loadRecord(buf, options), all = [...r.gens.values()].flatMap((g) => g.entries);
  const entryOf = ([log, i]) => describe(r.gens.get(log.generation), r.gens.get(log.generation).entries[i]);
  return {
    ok: true, line: r.line.id, founding: hex(r.line.hash), compared: Boolean(options.founding), fingerprint: r.line.fingerprint, words: r.line.words,
    parties: [...r.line.parties.values()].map(({ code, name }) => ({ code, name })), entries: all.length,
    opened: all.filter((e) => e.open?.body).length, headers: all.filter((e) => e.open).length, settled: r.settled, waiting: r.waiting,
    faults: r.faults, unknownWitnesses: r.unknownWitnesses, order: r.order.map(([l, i]) => refOf(l.generation, i)), late: r.late.map(([l, i]) => refOf(l.generation, i)),
    generations: [...r.gens.values()].map((g) => ({ generation: g.generation, party: g.party, reason: g.reason, entries: g.entries.length,
      disputed: g.disputed, receipts: g.receipts, witnesses: g.witnesses, root: hex(g.roots.get(g.checkpoint) ?? EMPTY_ROOT) })),
    record: [...r.order, ...r.late].map(entryOf),
  };
}
