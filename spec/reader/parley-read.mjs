#!/usr/bin/env node
// parley-read: verifies Parley records, proof files and proofs of silence.
// Exit codes: 0 verified, 1 refused or not proved, 2 usage.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { verifyProof, verifySilence } from './proof.mjs';
import { verifyRecord } from './record.mjs';
import { Refusal } from './refuse.mjs';

const USAGE = `usage: parley-read verify  FILE [--founding HEX] [--json]   an exported record
       parley-read proof   FILE [--founding HEX] [--json]   a proof file of one entry
       parley-read silence FILE [--founding HEX] [--json]   a proof of silence
       parley-read vectors DIR                              the test vectors of the specification
--founding is the founding hash, given to you by another way than the file.`;
const NOT_PROVED = `Not proved: that a receipt is consent; that header times are true, or that an entry was not made before some time;
that keys were held only by the party's officers; anything about entries whose keys are not given.`;

const when = (t) => (t <= 8.64e12 ? `${new Date(Number(t) * 1000).toISOString().slice(0, 19)}Z` : `second ${t}`);
// safe shows text of others: nothing in it can move the cursor or reorder a line.
const safe = (v) => JSON.stringify(v).replace(/[\u007f-\u009f\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`);
const rule = (compared) => (compared ? 'the founding hash is the one given' : 'NOT COMPARED: compare this with what the parties published');

function entryText(e, mark = ' ') {
  const lines = [`${mark} ${e.entry}  ${e.party}  ${e.time === null ? '?' : when(e.time)} (their clock)  ${safe(e.shown).slice(1, -1)}`];
  for (const s of e.stored) lines.push(`      stored at ${s.by} by ${when(s.time)}, signed by their station`);
  if (e.notAfter) lines.push(`      exists since ${when(e.notAfter.time)} at the latest, by the word of ${safe(e.notAfter.by)}`);
  if (e.header) lines.push(`      header ${safe(e.header)}`);
  if (e.body) lines.push(`      body   ${safe(e.body)}`);
  return lines;
}

const lineText = (r) => [`line ${r.line}`, `founding ${r.fingerprint}`, `  ${rule(r.compared)}`];

function recordText(r) {
  const rows = r.record.flatMap((e, i) => [...(i === r.settled && i < r.order.length ? [`  ---- order not yet confirmed by ${r.waiting.join(', ')} ----`] : []),
    ...(i === r.order.length ? ['  ---- late: not on the record ----'] : []), ...entryText(e)]);
  return [...lineText(r), ...r.parties.map((p) => `party ${p.code} ${safe(p.name)}`),
    ...r.generations.map((g) => `log ${g.party}/${g.generation}: ${g.entries} entries, root ${g.root}${g.disputed ? ' HISTORY DISPUTED, NOT ON RECORD: a fork is proved' : ''}`),
    ...rows, ...r.faults.map((f) => `FAULT OF ITS WRITER ${f.entry}: ${f.kind}: ${f.what}`),
    `verified: ${r.entries} entries in ${r.generations.length} logs, ${r.settled} settled, ${r.headers} headers and ${r.opened} bodies opened`, NOT_PROVED];
}

function silenceText(s) {
  return [...lineText(s), 'request:', ...entryText(s.request), ...s.parties.flatMap((p) => [
    `${p.party}: ${p.stored ? `stored by ${when(p.stored.time)}` : 'not shown to be stored'}, ${p.opened ? 'opened' : 'not opened'}, ${
      p.verdict === 'no answer' ? `no answer as of ${when(s.asOf)} (${safe(p.why)})` : p.verdict === 'answered' ? `answered by ${p.answers.map((a) => a.entry).join(', ')}` : `cannot say: ${p.why}`}`]),
    `verdict: ${s.verdict}`, NOT_PROVED];
}

const COMMANDS = {
  verify: [verifyRecord, recordText],
  proof: [verifyProof, (p) => [...lineText(p), ...entryText(p), 'verified: one entry, under both signatures of its log', NOT_PROVED]],
  silence: [verifySilence, silenceText],
};

function usage(message) {
  console.error(`parley-read: ${message}\n${USAGE}`);
  return 2;
}

async function main() {
  let args;
  try {
    args = parseArgs({ allowPositionals: true, options: { founding: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  } catch (e) {
    return usage(e.message);
  }
  const { positionals: [command, file, ...more], values } = args, founding = values.founding?.toLowerCase().replace(/\s/g, '');
  if (values.help) return console.log(USAGE), 0;
  if (!file || more.length || !(command === 'vectors' || COMMANDS[command])) return usage('which command, on which file?');
  if (founding !== undefined && !/^[0-9a-f]{64}$/.test(founding)) return usage('--founding wants 64 hexadecimal digits');
  if (command === 'vectors') return (await import('./test/vectors.mjs')).runVectors(file) ? 0 : 1;
  const [verify, text] = COMMANDS[command];
  let input;
  try {
    input = readFileSync(file);
  } catch (e) {
    return usage(e.message);
  }
  try {
    const result = verify(input, { founding });
    console.log(values.json ? JSON.stringify(result, null, 1) : text(result).join('\n'));
    return result.ok ? 0 : 1;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    const { kind, message, place: { item, byte } } = e;
    if (values.json) console.log(JSON.stringify({ ok: false, error: kind, what: message, item, byte }));
    const at = [item === undefined ? '' : `item ${item}`, byte === undefined ? '' : `byte ${byte}`].filter(Boolean).join(', ');
    console.error(`refused: ${kind}: ${safe(message).slice(1, -1)}${at ? ` (${at})` : ''}`);
    return 1;
  }
}

process.exitCode = await main();
