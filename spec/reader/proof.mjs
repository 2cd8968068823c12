// Proof files of one entry and proofs of silence (spec/proofs.md; C2SP
// tlog-proof).
import { bytes, check, decode, hex, list, refuse, tuple, uint } from './cbor.mjs';
import { keyShape, openEntry, parseEntry } from './entry.mjs';
import { acceptCertificate, age, parseCertificate, parseFounding } from './papers.mjs';
import { bounds, checkHolder, compareFounding, describe, describeLine, loadRecord, refOf } from './record.mjs';
import { base64, checkCheckpoint, consistencyRoots, inclusionRoot, keyId, leafHash, parseNoteLine, witnessTime } from './sign.mjs';

const receipt = tuple(uint, bytes(8), uint, bytes(64), bytes(2420), list(bytes(32)));
const extraShape = tuple((v) => v === 1, bytes(), list(bytes(), 1), bytes(), (k) => k !== null && keyShape(k), list(receipt));
// Forms that say something was received, or cannot be used; every other reference answers.
const RECEIPTS = new Set(['opened', 'translated', 'informed', 'attachments', 'complaint']);

// A proof file with a checkpoint of three lines and at least one signature.
const NUMBER = '(0|[1-9][0-9]{0,14})';
const FORM = new RegExp(`^c2sp\\.org/tlog-proof@v1\nextra (\\S+)\nindex ${NUMBER}\n((?:\\S+\n)*)\n(\\S+)\n${NUMBER}\n(\\S+)\n\n((?:\u2014 .*\n)*)$`);
const hash32 = (s) => check(bytes(32), base64(s), 'a hash');

// parseProof splits a tlog-proof: { extra, index, hashes, origin, size, root, lines }.
export function parseProof(text) {
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
  for (const c of chain.sort((a, b) => (place(a) < place(b) ? -1 : 1))) known.set(c.generation, { ...c, origin: acceptCertificate(c, line, known) });
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
