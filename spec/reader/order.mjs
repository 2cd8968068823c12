// Seen, record order and settling (spec/order.md). A Log holds the clear facts
// of one generation; logs are Maps of them by generation id, in the order in
// which the generations were accepted.
import { refuse } from './refuse.mjs';

export class Log {
  times = [];
  steps = new Map(); // other generation -> rising [own index, its size as seen from there on]

  constructor(generation, party, names = [], disputed = false) {
    Object.assign(this, { generation, party, names, disputed }); // names: [{ generation, size }], what it supersedes
  }

  get length() { return this.times.length; }

  // add takes the next entry: its time and the seen it lists, [generation, size]
  // pairs. Time null (an entry of another version) repeats the last one.
  add(time, seen) {
    const last = this.times.at(-1) ?? 0, index = this.length;
    if (time !== null && time < last) refuse('rewind', `header time goes back from ${last} to ${time}`);
    for (const [g, size] of seen) {
      if (size <= this.sees(g, index)) refuse('rewind', `seen of ${g} does not grow at ${size}`);
      (this.steps.get(g) ?? this.steps.set(g, []).get(g)).push([index, size]);
    }
    this.times.push(time ?? last);
  }

  // sees is the accumulated seen of generation g after entry index.
  sees(g, index) {
    const steps = this.steps.get(g) ?? [];
    let lo = 0;
    for (let hi = steps.length, mid; lo < hi;) {
      mid = (lo + hi) >> 1;
      if (steps[mid][0] <= index) lo = mid + 1;
      else hi = mid;
    }
    return steps[lo - 1]?.[1] ?? 0;
  }

  // firstSeeing is the first index whose accumulated seen of g exceeds size.
  firstSeeing(g, size) {
    return (this.steps.get(g) ?? []).find(([, n]) => n > size)?.[0] ?? Infinity;
  }
}

// checkSeen checks that what one entry (given by what it newly lists) has seen
// is held, is of other parties, and is closed.
export function checkSeen(logs, log, index, seen) {
  for (const [g, size] of seen) {
    const other = logs.get(g);
    if (!other || size > other.length) refuse('bad-seen', `claims ${size} entries of ${g}; ${other?.length ?? 'none'} are here`);
    if (other.party === log.party) refuse('bad-seen', 'names a log of its own party');
    for (const z of other.steps.keys()) {
      if (logs.get(z)?.party === log.party || log.sees(z, index) >= other.sees(z, size - 1)) continue;
      refuse('bad-seen', `covers ${g}:${size - 1} but not what that has seen of ${z}`);
    }
  }
}

// limits says how many entries of each generation are on the record.
function limits(logs) {
  const all = [...logs.values()], out = new Map(all.map((l) => [l.generation, l.length])), done = new Set();
  for (const g of all) for (const { generation: o, size } of g.names) {
    if (done.has(o) || logs.get(o)?.party !== g.party || g.length === 0) continue;
    done.add(o);
    const cuts = [...new Set(all.map((l) => l.party))].filter((p) => p !== g.party).map((party) => {
      const theirs = all.filter((l) => l.party === party), at = theirs.find((l) => l.firstSeeing(g.generation, 0) < Infinity);
      // Before a party has written the entry that fixes its cut, the cut is at least what it has said it holds.
      return at ? at.sees(o, at.firstSeeing(g.generation, 0)) : Math.max(...theirs.map((l) => l.sees(o, l.length)));
    });
    out.set(o, Math.min(out.get(o), Math.max(size, ...cuts)));
  }
  return out;
}

// followers gives, for each log, the first index that follows index 0 of g.
function followers(logs, g) {
  const first = new Map([[g, 0]]);
  for (let again = true; again;) {
    again = false;
    for (const x of logs.values()) for (const [y, at] of [...first]) {
      const hit = x.firstSeeing(y, at), nearer = hit < (first.get(x.generation) ?? Infinity);
      if (nearer) first.set(x.generation, hit);
      again ||= nearer;
    }
  }
  return first;
}

// recordOrder returns { order: [[log, index]...], late: [[log, index]...],
// settled: how many at the head of order, waiting: parties not yet heard }.
export function recordOrder(logs, parties) {
  const all = [...logs.values()], limit = limits(logs), placed = new Map(all.map((l) => [l.generation, 0])), order = [];
  const at = (l) => placed.get(l.generation), end = (l) => limit.get(l.generation);
  const superseded = new Map(all.map((l) => {
    const follow = l.names.length ? followers(logs, l.generation) : null;
    return [l, l.names.map((n) => n.generation).filter((o) => logs.has(o)).map((o) => [o, Math.min(limit.get(o), follow.get(o) ?? Infinity)])];
  }));
  const seenPlaced = (l) => [...l.steps.keys()].every((y) => placed.get(y) >= Math.min(l.sees(y, at(l)), limit.get(y)));
  const oldPlaced = (l) => at(l) > 0 || superseded.get(l).every(([o, need]) => placed.get(o) >= need);
  const key = (l) => `${String(l.times[at(l)]).padStart(16, '0')}/${l.party}/${l.generation}`; // compares like the parts
  for (let heads; (heads = all.filter((l) => at(l) < end(l))).length;) {
    const free = heads.filter(seenPlaced), ready = free.filter(oldPlaced);
    if (free.length === 0) refuse('bad-seen', 'entries that claim to have seen each other');
    const next = (ready.length ? ready : free).reduce((a, b) => (key(b) < key(a) ? b : a));
    order.push([next, at(next)]);
    placed.set(next.generation, at(next) + 1);
  }
  const late = all.flatMap((l) => l.times.map((_, i) => [l, i]).slice(end(l)));
  const confirms = (p, [l, i]) => p === l.party || all.some((q) => q.party === p && !q.disputed && q.sees(l.generation, end(q) - 1) > i);
  const open = order.findIndex((o) => !parties.every((p) => confirms(p, o)));
  return { order, late, settled: open < 0 ? order.length : open, waiting: open < 0 ? [] : parties.filter((p) => !confirms(p, order[open])) };
}
