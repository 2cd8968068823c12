#!/usr/bin/env node
// parley-read: verifies Parley records, proof files and proofs of silence.
// Exit codes: 0 verified, 1 refused or not proved, 2 usage.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { verifyProof, verifySilence } from './proof.mjs';
import { verifyRecord } from './record.mjs';
import { Refusal } from './cbor.mjs';

const USAGE = `usage: parley-read verify  FILE [--founding HEX] [--json]   an exported record
       parley-read proof   FILE [--founding HEX] [--json]   a proof file of one entry
       parley-read silence FILE [--founding HEX] [--json]   a proof of silence
       parley-read vectors DIR                              the test vectors of the specification
--founding is the founding hash, given to you by another way than the file.`;
const NOT_PROVED = `Not proved: that a receipt is consent; that header times are true, or that an entry was not made before some time;
that keys were held only by the party's officers; anything about entries whose keys are not given.`;
const COMPARED = 'this is the founding hash given', NOT_COMPARED = 'NOT COMPARED: compare the founding hash with what the parties published';

// safe shows text of others: nothing in it can move the cursor or reorder a line.
const safe = (v) => JSON.stringify(v).replace(/[\u007f-\u00a0\u00ad]|[^\P{C}\p{Cn}]|[\u2028\u2029]/gu, (c) => `\\u{${c.codePointAt(0).toString(16)}}`);
const bare = (v) => safe(v).slice(1, -1);
const when = (t) => (t <= 8.64e12 ? `${new Date(t * 1000).toISOString().slice(0, 19)}Z` : `second ${t}`);

// rows shows a result as indented text, one value a line.
const rows = (result, indent = '') => Object.entries(result).flatMap(([key, v]) => {
  const name = `${indent}${Array.isArray(result) ? '-' : `${bare(key)}:`}`;
  if (v !== null && typeof v === 'object') return [name, ...rows(v, `${indent}  `)];
  return [`${name} ${Number.isInteger(v) && TIMES.has(key) ? when(v) : safe(v)}`];
});
const TIMES = new Set(['time', 'asOf']);
const COMMANDS = {
  verify: [verifyRecord, (r) => `verified: ${r.entries} entries in ${r.generations.length} logs, ${r.settled} settled, ${r.headers} headers and ${r.opened} bodies opened`],
  proof: [verifyProof, () => 'verified: one entry, under both signatures of its log'],
  silence: [verifySilence, (s) => `verdict: ${s.verdict}`],
};

function judge([verify, summary], input, { founding, json }) {
  try {
    const result = verify(input, { founding });
    console.log(json ? JSON.stringify(result, null, 1) : [...rows(result), result.compared ? COMPARED : NOT_COMPARED, summary(result), NOT_PROVED].join('\n'));
    return result.ok ? 0 : 1;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    if (json) console.log(JSON.stringify({ ok: false, error: e.kind, what: e.message, ...e.place }));
    console.error(`refused: ${e.kind}: ${bare(e.message)}${Object.keys(e.place).length ? ` (item ${e.place.item ?? 'none'}, byte ${e.place.byte})` : ''}`);
    return 1;
  }
}

async function main() {
  const { positionals: [command, file, ...more], values } = parseArgs({ allowPositionals: true,
    options: { founding: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return console.log(USAGE);
  if (!file || more.length || !(command === 'vectors' || COMMANDS[command])) throw new Error('which command, on which file?');
  const founding = values.founding?.toLowerCase().replace(/\s/g, '');
  if (founding !== undefined && !/^[0-9a-f]{64}$/.test(founding)) throw new Error('--founding wants 64 hexadecimal digits');
  if (command === 'vectors') return (await import('./test/vectors.mjs')).runVectors(file) ? 0 : 1;
  const input = readFileSync(file);
  return () => judge(COMMANDS[command], input, { founding, json: values.json });
}

const outcome = await main().catch((e) => {
  console.error(`parley-read: ${e.message}\n${USAGE}`);
  return 2;
});
process.exitCode = typeof outcome === 'function' ? outcome() : outcome;
