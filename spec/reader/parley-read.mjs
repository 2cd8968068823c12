#!/usr/bin/env node
// parley-read: verifies Parley records, proof files and proofs of silence.
// Exit codes: 0 verified, 1 refused or not proved, 2 usage.
import { readFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { Refusal } from './cbor.mjs';
import { verifyProof, verifyRecord, verifySilence } from './record.mjs';

const USAGE = `usage: parley-read verify  FILE [--founding HEX] [--json]   an exported record
       parley-read proof   FILE [--founding HEX] [--json]   a proof file of one entry
       parley-read silence FILE [--founding HEX] [--json]   a proof of silence
       parley-read vectors DIR                              the test vectors of the specification
--founding is the founding hash, given to you by another way than the file. --json leaves out the words.`;
const COMPARED = 'this is the founding hash given', NOT_COMPARED = 'NOT COMPARED: compare the founding with what the parties published';
const NOT_PROVED = `Not proved: that a receipt is consent; that header times are true, or that an entry was not made before some time;
that keys were held only by the party's officers; anything about entries whose keys are not given.`;
const COMMANDS = {
  verify: [verifyRecord, (r) => `verified: ${r.entries} entries in ${r.generations.length} logs, ${r.settled} settled, ${r.headers} headers and ${r.opened} bodies opened`],
  proof: [verifyProof, () => 'verified: one entry, under both signatures of its log'],
  silence: [verifySilence, (s) => `verdict: ${s.verdict}`],
};

// safe is JSON; no text of others in it can move the cursor or reorder a line.
const escaped = (c) => c.replace(/[^]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, '0')}`);
const safe = (v, indent) => JSON.stringify(v, null, indent).replace(/[\u007f-\u00a0\u00ad]|[^\n\P{C}\p{Cn}]|[\u2028\u2029]/gu, escaped);

async function main() {
  const { positionals: [command, file, ...more], values } = parseArgs({ allowPositionals: true,
    options: { founding: { type: 'string' }, json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } } });
  if (values.help) return console.log(USAGE);
  if (!file || more.length || !(command === 'vectors' || COMMANDS[command])) throw new Error('which command, on which file?');
  const founding = values.founding?.toLowerCase().replace(/\s/g, '');
  if (founding !== undefined && !/^[0-9a-f]{64}$/.test(founding)) throw new Error('--founding wants 64 hexadecimal digits');
  if (command === 'vectors') return (await import('./test/vectors.mjs')).runVectors(file) ? 0 : 1;
  const input = readFileSync(file), [verify, summary] = COMMANDS[command];
  return () => judge(() => verify(input, { founding }), summary, values.json);
}

// judge prints what verify finds, or why it refuses, and returns the exit code.
function judge(verify, summary, json) {
  try {
    const result = verify();
    console.log(safe(result, 1));
    if (!json) console.log([result.compared ? COMPARED : NOT_COMPARED, summary(result), NOT_PROVED].join('\n'));
    return result.ok ? 0 : 1;
  } catch (e) {
    if (!(e instanceof Refusal)) throw e;
    if (json) console.log(safe({ ok: false, error: e.kind, what: e.message, ...e.place }));
    console.error(`refused: ${e.kind}: ${safe(e.message)} (item ${e.place.item ?? 'none'}, byte ${e.place.byte ?? 'none'})`);
    return 1;
  }
}

const outcome = await main().catch((e) => {
  console.error(`parley-read: ${e.message}\n${USAGE}`);
  return 2;
});
process.exitCode = typeof outcome === 'function' ? outcome() : outcome;
