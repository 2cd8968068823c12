// Seen, record order and settling (spec/order.md). A Log holds the clear facts
// of one generation; logs are Maps of them by generation id, in the order in
// which the generations were accepted.
import { refuse } from './refuse.mjs';

export class Log {
  times = [];
  steps = new Map(); // other generation -> rising [own index, its size as seen from there on]

  constructor(generation, party, names = []) {
    Object.assign(this, { generation, party, names }); // names: [{ generation, size }], what it supersedes
  }

  get length() { return this.times.length; }

  // add takes the next entry: its time and the seen it lists, [generation, size]
  // pairs. null (an entry of another version) repeats the time and sees nothing.
  add(time, seen) {
    const last = this.times.at(-1) ?? 0, index = this.length;
    if (time !== null && time < last) refuse('rewind', `header time goes back from ${last} to ${time}`);
    for (const [g, size] of seen) {
      if (size <= this.sees(g, index)) refuse('rewind', `seen of ${g} does not grow at ${size}`);
      if (!this.steps.has(g)) this.steps.set(g, []);
      this.steps.get(g).push([index, size]);
    }
    this.times.push(time ?? last);
  }

  // sees is the accumulated seen of generation g after entry index.
  sees(g, index) {
    const steps = this.steps.get(g) ?? [];
    let lo = 0, hi = steps.length;
    while (lo < hi) {
      const mid = (lo + hi) >> 1;
      if (steps[mid][0] <= index) lo = mid + 1;
      else hi = mid;
    }
    return lo === 0 ? 0 : steps[lo - 1][1];
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
      if (logs.get(z)?.party !== log.party && log.sees(z, index) < other.sees(z, Number(size) - 1)) {
        refuse('bad-seen', `covers ${g}:${size - 1} but not what that has seen of ${z}`);
      }
    }
  }
}

// limits says how many entries of each generation are on the record.
function limits(logs) {
  const out = new Map([...logs.values()].map((l) => [l.generation, l.length])), done = new Set();
  for (const g of logs.values()) for (const { generation: o, size } of g.names) {
    if (done.has(o) || logs.get(o)?.party !== g.party || g.length === 0) continue;
    done.add(o);
    let limit = size;
    for (const party of new Set([...logs.values()].map((l) => l.party))) {
      if (party === g.party) continue;
      const theirs = [...logs.values()].filter((l) => l.party === party);
      const at = theirs.find((l) => l.firstSeeing(g.generation, 0) < Infinity);
      // Before a party has written the entry that fixes its cut, the cut is at least what it has said it holds.
      const cut = at ? at.sees(o, at.firstSeeing(g.generation, 0)) : Math.max(0, ...theirs.map((l) => l.sees(o, l.length)));
      if (cut > limit) limit = cut;
    }
    if (limit < out.get(o)) out.set(o, Number(limit));
  }
  return out;
}

// followers gives, for each log, the first index that follows index 0 of g.
function followers(logs, g) {
  const first = new Map([[g, 0]]);
  for (let grew = true; grew;) {
    grew = false;
    for (const x of logs.values()) for (const [y, at] of [...first]) {
      const hit = x.firstSeeing(y, at);
      if (hit >= (first.get(x.generation) ?? Infinity)) continue;
      first.set(x.generation, hit);
      grew = true;
    }
  }
  return first;
}

const earlier = (a, b, at) => {
  const ka = [a.times[at(a)], a.party, a.generation], kb = [b.times[at(b)], b.party, b.generation];
  const i = ka.findIndex((v, n) => v !== kb[n]);
  return i >= 0 && ka[i] < kb[i];
};

// recordOrder returns { order: [[log, index]...], late: [[log, index]...],
// settled: how many at the head of order, waiting: parties not yet heard }.
export function recordOrder(logs, parties) {
  const limit = limits(logs), placed = new Map([...logs.keys()].map((g) => [g, 0])), order = [], at = (l) => placed.get(l.generation);
  const superseded = new Map([...logs.values()].filter((l) => l.names.length).map((l) => {
    const follow = followers(logs, l.generation);
    return [l, l.names.filter((n) => logs.has(n.generation)).map((n) => [n.generation, Math.min(limit.get(n.generation), follow.get(n.generation) ?? Infinity)])];
  }));
  const seenPlaced = (l) => [...l.steps.keys()].every((y) => placed.get(y) >= Math.min(l.sees(y, at(l)), limit.get(y)));
  const oldPlaced = (l) => at(l) > 0 || (superseded.get(l) ?? []).every(([o, need]) => placed.get(o) >= need);
  for (;;) {
    const heads = [...logs.values()].filter((l) => at(l) < limit.get(l.generation));
    if (heads.length === 0) break;
    const free = heads.filter(seenPlaced), ready = free.filter(oldPlaced), from = ready.length ? ready : free;
    if (from.length === 0) refuse('bad-seen', 'entries that claim to have seen each other');
    const least = from.reduce((a, b) => (earlier(b, a, at) ? b : a));
    order.push([least, at(least)]);
    placed.set(least.generation, at(least) + 1);
  }
  const late = [...logs.values()].flatMap((l) => Array.from({ length: l.length - limit.get(l.generation) }, (_, i) => [l, limit.get(l.generation) + i]));
  const unheard = ([l, i]) => parties.filter((p) => p !== l.party &&
    ![...logs.values()].some((q) => q.party === p && q.sees(l.generation, limit.get(q.generation) - 1) > i));
  const open = order.findIndex((o) => unheard(o).length > 0);
  return { order, late, settled: open < 0 ? order.length : open, waiting: open < 0 ? [] : unheard(order[open]) };
}
