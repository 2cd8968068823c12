// Seen, record order and settling (spec/order.md). A Log holds the clear facts
// of one generation; logs are Maps of them by generation id.
import { refuse } from './cbor.mjs';

export class Log {
  times = [];
  seen = []; // after each entry: other generation -> its size as seen from there
  first = new Map(); // other generation -> index of the first entry that has seen it
  without = new Map(); // party -> index of the first epoch entry not sealed to it

  // age compares like (founding first, time of the certificate, generation).
  constructor(generation, party, age = '', disputed = false) {
    Object.assign(this, { generation, party, age, disputed });
  }
  get length() { return this.times.length; }
  sees(g, index) { return this.seen[index]?.get(g) ?? 0; }

  // add takes the next entry: its time, or null (an entry of another version
  // repeats the last one), and what its seen lists, [generation, size] pairs.
  add(time, listed) {
    const last = this.times.at(-1) ?? 0, seen = new Map(this.seen.at(-1));
    if (time !== null && time < last) refuse('rewind', `header time goes back from ${last} to ${time}`);
    for (const [g, size] of listed) {
      if (size <= (seen.get(g) ?? 0)) refuse('rewind', `seen of ${g} does not grow at ${size}`);
      if (!this.first.has(g)) this.first.set(g, this.length);
      seen.set(g, size);
    }
    this.times.push(time ?? last);
    this.seen.push(seen);
  }
}

// checkSeen checks that what one entry (given by what it newly lists) has seen
// is held, is of other parties, and is closed.
export function checkSeen(logs, log, index, listed) {
  for (const [g, size] of listed) {
    const other = logs.get(g);
    if (!other || size > other.length) refuse('bad-seen', `claims ${size} entries of ${g}; ${other?.length ?? 'none'} are here`);
    if (other.party === log.party) refuse('bad-seen', 'names a log of its own party');
    if (other.sees(log.generation, size - 1) > index) refuse('bad-seen', `it and ${g}:${size - 1} claim to have seen each other`);
    for (const [z, n] of other.seen[size - 1]) {
      if (logs.get(z)?.party !== log.party && log.sees(z, index) < n) refuse('bad-seen', `covers ${g}:${size - 1} but not what that has seen of ${z}`);
    }
  }
}

// shrink takes from set what does not hold beside the rest, until all does.
function shrink(set, holds) {
  for (let size = -1; size !== set.size;) {
    size = set.size;
    for (const q of set) if (!holds(q)) set.delete(q);
  }
}

// A Walk goes along record order. Where it goes follows from the point it stands
// at (placed, force, out) and from what the logs say; judge finds that out anew
// when a generation has come into force.
class Walk {
  out = new Set(); // parties that left or were removed
  guess = false; // all that is held counts, whether sure or not

  constructor(logs, parties) {
    const inOrder = [...logs.values()].sort((a, b) => (a.age < b.age ? -1 : 1));
    this.parties = parties;
    this.gens = new Map(parties.map((p) => [p, inOrder.filter((l) => l.party === p)]));
    this.placed = new Map([...logs.keys()].map((g) => [g, 0]));
    this.force = new Map(parties.map((p) => [p, this.gens.get(p).find((l) => l.age === '')]));
    this.judge();
  }

  get lives() { return this.parties.filter((q) => !this.out.has(q)); }
  get open() { return this.lives.filter((q) => !this.ready(q) && !this.shut(q)); }
  others(q) { return this.lives.filter((r) => r !== q); }
  heard(q) { return this.others(q).filter((r) => !this.skip.has(r)); } // who is not dismissed
  next(q) { return this.placed.get(this.force.get(q)?.generation) ?? 0; }
  since(q) { return this.gens.get(q).filter((h) => !(h.age < this.force.get(q)?.age)); } // in force, and newer
  newer(q, g = this.force.get(q)) { return this.gens.get(q).filter((h) => !g || h.age > g.age); }
  turned(q) { return this.others(q).length > 0 && this.others(q).every((r) => this.turns.get(q).has(r)); }
  shut(q) { return this.turned(q) && this.next(q) >= this.extent.get(q); }
  ready(q) { return this.next(q) < Math.min(this.extent.get(q), this.force.get(q)?.length ?? 0); }
  // turn is the first entry of log that has seen a generation of q newer than g
  // (that in force), or leaves q out of an epoch as all others do.
  turn(log, q, g) {
    const left = this.skip.has(q) ? log.without.get(q) ?? Infinity : Infinity;
    return Math.min(left, ...this.newer(q, g).map((h) => log.first.get(h.generation) ?? Infinity));
  }
  // covers is how much of g, a generation of q, log has seen before it turned from it.
  covers(log, q, g) {
    return log.disputed ? 0 : log.sees(g.generation, Math.min(this.turn(log, q, g), log.length - 1));
  }
  // firm is how much of g all others hold by their own words.
  firm(q, g) {
    return Math.min(g.length, ...this.heard(q).map((r) => Math.max(0, ...this.since(r).map((l) => this.covers(l, q, g)))));
  }
  // sure is how much of g is on the record whatever others hold.
  sure(q, g) {
    if (!g || (g.disputed && !this.guess)) return 0;
    if (!this.guess) return this.firm(q, g);
    const logs = this.others(q).map((r) => this.force.get(r)), turned = logs.length && logs.every((l) => l && this.turn(l, q) < Infinity);
    return turned ? Math.min(g.length, Math.max(...logs.map((l) => this.covers(l, q, g)))) : g.length;
  }
  // judge finds who is dismissed (skip), how far each is sure (extent), and for
  // each who turns from it at a sure entry, and where (turns).
  judge() {
    const { lives } = this, leaves = (r, q) => this.since(r).some((l) => l.without.has(q) && !l.disputed);
    this.skip = new Set(lives.filter((q) => this.others(q).some((r) => leaves(r, q))));
    shrink(this.skip, (q) => this.heard(q).length >= 2 && this.heard(q).every((r) => leaves(r, q)));
    this.extent = new Map(lives.map((q) => [q, Math.max(this.next(q), this.sure(q, this.force.get(q)))]));
    this.turns = new Map(lives.map((q) => [q, new Map()]));
    const learns = (q, r) => {
      const log = this.force.get(r), at = log && !log.disputed ? this.turn(log, q) : Infinity;
      if (this.turns.get(q).has(r) || at >= this.extent.get(r)) return false;
      this.turns.get(q).set(r, at);
      this.extent.set(q, Math.max(this.extent.get(q), log.sees(this.force.get(q)?.generation, at)));
      return true;
    };
    while (lives.some((q) => this.others(q).some((r) => learns(q, r))));
  }

  free(q) {
    const log = this.force.get(q), i = this.next(q);
    return this.others(q).every((r) => {
      const g = this.force.get(r), placed = this.next(r), t = this.turn(log, r);
      return !g || log.sees(g.generation, i) <= placed || (t < i && log.sees(g.generation, t) <= placed);
    });
  }
  // step places one entry and returns it; null when none is sure to be next.
  step() {
    for (;;) {
      const { lives, open } = this, ready = lives.filter((q) => this.ready(q));
      const key = (q) => `${String(this.force.get(q).times[this.next(q)]).padStart(16, '0')}/${q}`; // compares like the parts
      const least = ready.filter((q) => this.free(q)).reduce((a, b) => (a && key(a) < key(b) ? a : b), null);
      if (this.guess ? least : open.length === 0) return least && this.take(least);
      if (this.guess ? this.inherit() : this.impasse()) continue;
      return this.guess && ready.length ? this.take(ready[0]) : null;
    }
  }

  take(q) {
    const log = this.force.get(q), i = this.next(q);
    this.placed.set(log.generation, i + 1);
    const over = (p) => this.turned(p) && [...this.turns.get(p)].every(([r, at]) => at < this.next(r));
    for (let p; (p = this.lives.find(over)) !== undefined;) this.succeed([p], (_, r) => [this.force.get(r), this.next(r) - 1]);
    return [log, i];
  }
  // succeed ends the generations in force of some: of each the newest that the
  // others have seen, where at(q, r) says, comes into force; else it is out.
  succeed(some, at) {
    const saw = (h, [log, i]) => log?.sees(h.generation, i) > 0;
    const heirs = some.map((q) => [q, this.newer(q).findLast((h) => this.others(q).some((r) => saw(h, at(q, r))))]);
    for (const [q, h] of heirs) if (h) this.force.set(q, h); else this.out.add(q);
    this.judge();
  }
  // impasse ends the generations in force of lost parties together.
  impasse() {
    const { lives, open } = this, lost = new Set(lives);
    const speaks = (r, q) => this.newer(r).map((l) => [l, this.turn(l, q)]).find(([l, at]) => at < this.firm(r, l));
    const turns = (r, q) => this.turns.get(q).has(r) || (lost.has(r) && (this.skip.has(r) || speaks(r, q)));
    shrink(lost, (q) => this.others(q).length > 0 && this.others(q).every((r) => turns(r, q)));
    if (!open.every((q) => lost.has(q) && this.next(q) >= this.extent.get(q))) return false;
    const all = lives.every((q) => lost.has(q) || this.skip.has(q));
    this.succeed(open, (q, r) => {
      if (this.turns.get(q).has(r)) return [this.force.get(r), this.turns.get(q).get(r)];
      return (all && lost.has(r) && !this.skip.has(r) && speaks(r, q)) || [];
    });
    return true;
  }
  // inherit lets a newest generation follow one of which nothing more is held.
  inherit() {
    const q = this.lives.find((p) => !this.ready(p) && this.newer(p).at(-1)?.length > 0);
    if (q === undefined) return false;
    this.force.set(q, this.newer(q).at(-1));
    this.judge();
    return true;
  }
  // waiting names the parties whose word the next position waits for.
  waiting() {
    const blamed = new Set(this.open.flatMap((q) => {
      const g = this.force.get(q), held = g && this.next(q) < g.length, next = this.newer(q).length > 0;
      const silent = (r) => (held ? this.gens.get(r).every((l) => this.covers(l, q, g) <= this.next(q)) : next && !this.turns.get(q).has(r));
      const by = this.heard(q).filter(silent);
      return by.length ? by : [q];
    }));
    return this.parties.filter((p) => blamed.has(p));
  }

  *rest() {
    for (let e; (e = this.step());) yield e;
  }
}

// recordOrder returns { order: [[log, index]...], late: [[log, index]...],
// settled: how many at the head of order, waiting: parties not yet heard }.
export function recordOrder(logs, parties) {
  const walk = new Walk(logs, parties), sure = [...walk.rest()], waiting = walk.waiting();
  walk.guess = true;
  walk.judge();
  const order = [...sure, ...walk.rest()], settled = sure.length;
  const late = [...logs.values()].flatMap((l) => l.times.map((_, i) => [l, i]).slice(walk.placed.get(l.generation)));
  return { order, late, settled, waiting: settled < order.length ? waiting : [] };
}
