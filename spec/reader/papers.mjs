// What a line rests on: founding, charter, annex, reveals, words, and the
// certificates of generations (spec/pairing.md, charter.md, log.md).
import { readFileSync } from 'node:fs';
import { bytes, check, decode, dict, encode, fields, hex, list, matching, refuse, tstr, tuple, uint, upTo } from './cbor.mjs';
import { checkDocument, EMPTY_ROOT, H, originOf, parseVkey, sha256 } from './sign.mjs';

export const partyCode = matching(/^[a-z0-9]{1,8}$/);
export const office = matching(/^[a-z0-9-]{1,24}$/);
const MAX_PARTIES = 10, pair = tuple(bytes(32), bytes(1312));
export const signaturePair = tuple(bytes(64), bytes(2420));
const wordList = readFileSync(new URL('../words.txt', import.meta.url), 'utf8').trimEnd().split('\n');

const revealShape = fields({ 1: partyCode, 2: tstr, 3: pair, 4: bytes(8), 5: pair, 6: pair, 7: bytes(1216), 8: bytes(32), 9: list(tstr), 10: bytes(32) });
const charterShape = fields({ 1: uint, 2: list(tuple(partyCode, tstr, list(tstr, 1)), 1), 3: list(office, 1) }, { 4: dict(upTo(3), upTo(2)), 5: uint,
  6: list(tstr), 7: dict(partyCode, list(uint)), 8: tstr, 10: list(tuple(uint, uint, uint)), 11: dict(upTo(3), uint), 12: bytes(32) }, true);
const annexShape = fields({ 1: uint }, { 2: dict(uint, uint), 3: list(tstr), 4: (v) => v instanceof Map, 5: bytes(32) }, true);
const certificateShape = tuple(bytes(), upTo(1), bytes(), signaturePair);
const certificateBody = fields({ 1: bytes(16), 2: partyCode, 3: bytes(8), 4: pair, 5: pair, 6: bytes(1216), 7: bytes(32),
  8: list(tuple(bytes(8), uint, bytes(32))), 9: uint, 10: upTo(4), 11: bytes(32) });

// wordsOf shows the first 55 bits of a hash as five words and as digits, and
// the whole of it as a fingerprint.
export function wordsOf(sum) {
  const bits = sum.readBigUInt64BE(0) >> 9n, words = [44n, 33n, 22n, 11n, 0n].map((shift) => wordList[Number((bits >> shift) & 2047n)]);
  return { words, digits: bits.toString().padStart(17, '0'), fingerprint: sum.toString('hex').match(/.{4}/g).join(' ') };
}

export const pairingWords = (line, reveals, charter, annex) => wordsOf(H('words', encode([line, reveals, sha256(charter), sha256(annex)])));

// parseFounding checks a founding by itself and returns the line it founds.
export function parseFounding(raw) {
  const [line, charterRaw, annexRaw, reveals] = check(tuple(bytes(16), bytes(), bytes(), list(bytes(), 2)), decode(raw), 'founding');
  const charter = check(charterShape, decode(charterRaw), 'charter'), annex = check(annexShape, decode(annexRaw), 'annex');
  if (annex.get(1) !== 1) refuse('unsupported', `suite ${annex.get(1)}`);
  const parties = new Map();
  for (const r of reveals.map((b) => check(revealShape, decode(b), 'reveal'))) {
    const code = r.get(1), generation = hex(r.get(4)), before = [...parties.values()];
    if (before.some((p) => p.code >= code)) refuse('malformed', 'reveals not in the order of party codes');
    if (before.some((p) => p.generation === generation)) refuse('conflict', 'two parties with one generation id');
    parties.set(code, { code, name: r.get(2), root: r.get(3), generation, keys: [5, 6, 7, 8].map((k) => r.get(k)) });
  }
  if (parties.size > MAX_PARTIES) refuse('malformed', `more than ${MAX_PARTIES} parties`);
  const named = charter.get(2).map(([code]) => code).sort();
  if (named.join() !== [...parties.keys()].join()) refuse('wrong-party', 'the parties of the charter are not those that revealed');
  return { id: hex(line), line, hash: H('founding', raw), charter, annex, parties, vkeys: (annex.get(3) ?? []).map(parseVkey),
    ...pairingWords(line, reveals, charterRaw, annexRaw) };
}

// parseCertificate reads one without judging it.
export function parseCertificate(raw) {
  const [body, by, signer, signature] = check(certificateShape, decode(raw), 'certificate');
  const b = check(certificateBody, decode(body), 'certificate body');
  if (by === 0 ? signer.length !== 0 : signer.length !== 8) refuse('malformed', 'signer of a certificate');
  const names = b.get(8).map(([g, size, root]) => ({ generation: hex(g), size, root })), named = names.map((n) => n.generation), own = hex(b.get(3));
  if (new Set([own, ...named]).size <= named.length || (by === 1 && !named.includes(hex(signer))) || names.some((n) => n.size === 0 && !n.root.equals(EMPTY_ROOT))) refuse('malformed', 'earlier generations of a certificate');
  return { raw, body, by, signer: hex(signer), signature, line: hex(b.get(1)), party: b.get(2), generation: own, log: b.get(4),
    receipt: b.get(5), keys: [4, 5, 6, 11].map((k) => b.get(k)), founding: b.get(7),
    names, time: b.get(9), reason: b.get(10) };
}

// age compares like (founding first, time of the certificate, generation).
export const age = (c) => (c.names.length ? `${String(c.time).padStart(16, '0')}/${c.generation}` : '');

// acceptCertificate judges c against the founding and the certificates known,
// a Map by generation; it returns the origin of the generation.
export function acceptCertificate(c, line, known) {
  const party = line.parties.get(c.party), founder = party?.generation === c.generation;
  if (c.line !== line.id || !c.founding.equals(line.hash)) refuse('wrong-line', 'certificate of another line');
  if (!party) refuse('wrong-party', `certificate of ${c.party}, who is not on the line`);
  if (known.has(c.generation) && known.get(c.generation).raw !== c.raw) refuse('conflict', `generation ${c.generation} is certified already`);
  if ([...line.parties.values()].some((p) => p !== party && p.generation === c.generation)) refuse('conflict', 'generation id of another party');
  if (founder !== (c.reason === 0)) refuse('conflict', 'reason 0 belongs to the generation that was revealed');
  if (founder && !encode(c.keys).equals(encode(party.keys))) refuse('conflict', 'founding certificate with other keys than revealed');
  if (founder !== (c.names.length === 0)) refuse('malformed', 'the founding generation, and no other, names no earlier one');
  const signer = c.by === 0 ? { party: c.party, log: party.root } : known.get(c.signer);
  if ((signer?.party ?? c.party) !== c.party) refuse('wrong-party', 'certificate signed by the log of another party');
  const at = age(c), from = c.by === 0 || !signer ? '' : age(signer), ages = [...known.values()].filter((k) => k.party === c.party).map(age);
  if (!signer || (c.by !== 0 && (from >= at || (!ages.some((a) => a > at) && ages.some((a) => a > from && a < at))))) refuse('unknown-key', `certificate signed by generation ${c.signer}, which was not in force`);
  checkDocument(signer.log, c.signature, 'certificate', c.body, `the certificate of ${c.generation}`);
  return originOf(line.id, c.party, c.generation);
}
