// Seen, record order and settling (spec/order.md). A Log holds the clear facts
// of one generation; logs are Maps of them by generation id, in the order in
// which the generations were accepted.
import { refuse } from './refuse.mjs';

export class Log {
  times = [];
  steps = new Map(); // other generation -> rising [own index, its size as seen from there on]

  without = new Map(); // party -> index of the first epoch entry not sealed to it

  constructor(generation, party, age = '', disputed = false) {
    Object.assign(this, { generation, party, age, disputed }); // age: compares like (founding first, time of the certificate, generation)
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
    if (other.sees(log.generation, size - 1) > index) refuse('bad-seen', `it and ${g}:${size - 1} claim to have seen each other`);
    for (const z of other.steps.keys()) {
      if (logs.get(z)?.party === log.party || log.sees(z, index) >= other.sees(z, size - 1)) continue;
      refuse('bad-seen', `covers ${g}:${size - 1} but not what that has seen of ${z}`);
    }
  }
}

// A Walk goes along record order. Where it goes follows from the point it stands
// at (placed, force, out) and from what the logs say; judge finds that out anew
// when a generation has come into force.
class Walk {
  out = new Set(); // parties that left or were removed
  guess = false; // all that is held counts, whether sure or not

  constructor(logs, parties) {
    const gens = (p) => [...logs.values()].filter((l) => l.party === p).sort((a, b) => (a.age < b.age ? -1 : 1));
    Object.assign(this, { parties, gens: new Map(parties.map((p) => [p, gens(p)])), placed: new Map([...logs.keys()].map((g) => [g, 0])) });
    this.force = new Map(parties.map((p) => [p, this.gens.get(p).find((l) => l.age === '')]));
    this.judge();
  }

  others(q) { return this.parties.filter((r) => r !== q && !this.out.has(r)); }
  next(q) { return this.placed.get(this.force.get(q)?.generation) ?? 0; }
  since(r) { return this.gens.get(r).slice(Math.max(0, this.gens.get(r).indexOf(this.force.get(r)))); } // in force, and newer
  newer(q) { return this.since(q).filter((l) => l !== this.force.get(q)); }

  // turn is the first entry of log that has seen a generation of q newer than
  // that in force, or leaves q out of an epoch as all others do.
  turn(log, q) {
    return Math.min(this.skip.has(q) ? log.without.get(q) ?? Infinity : Infinity, ...this.newer(q).map((h) => log.firstSeeing(h.generation, 0)));
  }

  // covers is how much of g, a generation of q, log has seen before it turned from it.
  covers(log, q, g) {
    const newer = this.gens.get(q).filter((h) => h.age > g.age), left = this.skip.has(q) ? log.without.get(q) ?? Infinity : Infinity;
    return log.disputed ? 0 : log.sees(g.generation, Math.min(left, ...newer.map((h) => log.firstSeeing(h.generation, 0)), log.length - 1));
  }

  // firm is how much of g all others hold by their own words.
  firm(q, g) {
    return Math.min(g.length, ...this.others(q).filter((r) => !this.skip.has(r)).map((r) => Math.max(...this.since(r).map((l) => this.covers(l, q, g)), 0)));
  }

  dismiss() {
    const leaves = (r, q) => this.since(r).some((l) => l.without.has(q) && !l.disputed);
    const skip = this.skip = new Set(this.parties.filter((q) => !this.out.has(q) && this.others(q).some((r) => leaves(r, q))));
    for (let size = -1; size !== skip.size;) {
      size = skip.size;
      for (const q of skip) {
        const rest = this.others(q).filter((r) => !skip.has(r));
        if (rest.length < 2 || !rest.every((r) => leaves(r, q))) skip.delete(q);
      }
    }
  }

  judge() {
    this.dismiss();
    const lives = this.parties.filter((q) => !this.out.has(q));
    this.extent = new Map(lives.map((q) => [q, Math.max(this.next(q), this.sure(q, this.force.get(q)))]));
    this.turns = new Map(lives.map((q) => [q, new Map()])); // for q: who turns from it, and where
    for (let again = true; again;) {
      again = false;
      for (const q of lives) for (const r of this.others(q)) {
        const log = this.force.get(r), at = log && !log.disputed ? this.turn(log, q) : Infinity;
        if (this.turns.get(q).has(r) || at >= this.extent.get(r)) continue;
        this.turns.get(q).set(r, at);
        this.extent.set(q, Math.max(this.extent.get(q), this.force.get(q) ? log.sees(this.force.get(q).generation, at) : 0));
        again = true;
      }
    }
  }

  // sure is how much of g is on the record whatever others hold.
  sure(q, g) {
    const logs = this.others(q).map((r) => this.force.get(r));
    if (!g || (g.disputed && !this.guess)) return 0;
    if (!this.guess) return this.firm(q, g);
    const turned = logs.length && logs.every((l) => l && this.turn(l, q) < Infinity);
    return turned ? Math.min(g.length, Math.max(...logs.map((l) => this.covers(l, q, g)))) : g.length;
  }

  turned(q) { return this.others(q).length > 0 && this.others(q).every((r) => this.turns.get(q).has(r)); }
  shut(q) { return this.turned(q) && this.next(q) >= this.extent.get(q); }
  ready(q) { return this.next(q) < Math.min(this.extent.get(q), this.force.get(q)?.length ?? 0); }

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
      const lives = this.parties.filter((q) => !this.out.has(q)), open = lives.filter((q) => !this.ready(q) && !this.shut(q)), ready = lives.filter((q) => this.ready(q));
      const key = (q) => `${String(this.force.get(q).times[this.next(q)]).padStart(16, '0')}/${q}`; // compares like the parts
      const least = ready.filter((q) => this.free(q)).reduce((a, b) => (a && key(a) < key(b) ? a : b), null);
      if (this.guess ? least : open.length === 0) return least && this.take(least);
      if (this.guess ? this.inherit(lives) : this.impasse(open)) continue;
      return this.guess && ready.length ? this.take(ready[0]) : null;
    }
  }

  take(q) {
    const log = this.force.get(q), i = this.next(q);
    this.placed.set(log.generation, i + 1);
    const over = (p) => !this.out.has(p) && this.turned(p) && [...this.turns.get(p)].every(([r, at]) => at < this.next(r));
    for (let p; (p = this.parties.find(over)) !== undefined;) {
      this.succeed([[p, this.newest(p, (r) => [this.force.get(r), this.next(r) - 1])]]);
    }
    return [log, i];
  }

  // newest is the newest generation of q that others have seen, each where at says.
  newest(q, at) {
    return this.newer(q).findLast((h) => this.others(q).some((r) => {
      const [log, i] = at(r) ?? [];
      return log && log.sees(h.generation, i) > 0;
    }));
  }

  succeed(heirs) {
    for (const [q, h] of heirs) if (h) this.force.set(q, h); else this.out.add(q);
    this.judge();
  }

  // impasse ends the generations in force of lost parties together.
  impasse(open) {
    const lives = this.parties.filter((q) => !this.out.has(q)), lost = new Set(lives);
    const speaks = (r, q) => this.newer(r).map((l) => [l, this.turn(l, q)]).find(([l, at]) => at < this.firm(r, l));
    for (let size = -1; size !== lost.size;) {
      size = lost.size;
      for (const q of lost) {
        const turns = this.others(q).every((r) => this.turns.get(q).has(r) || (lost.has(r) && (this.skip.has(r) || speaks(r, q))));
        if (!turns || this.others(q).length === 0) lost.delete(q);
      }
    }
    if (!open.every((q) => lost.has(q) && this.next(q) >= this.extent.get(q))) return false;
    const all = lives.every((q) => lost.has(q) || this.skip.has(q));
    this.succeed(open.map((q) => [q, this.newest(q, (r) => {
      if (this.turns.get(q).has(r)) return [this.force.get(r), this.turns.get(q).get(r)];
      return all && lost.has(r) && !this.skip.has(r) ? speaks(r, q) : null;
    })]));
    return true;
  }

  // inherit lets a newest generation follow one of which nothing more is held.
  inherit(lives) {
    const q = lives.find((p) => !this.ready(p) && this.newer(p).at(-1)?.length > 0);
    if (q === undefined) return false;
    this.force.set(q, this.newer(q).at(-1));
    this.judge();
    return true;
  }

  // waiting names the parties whose word the next position waits for.
  waiting() {
    const blamed = new Set();
    for (const q of this.parties.filter((p) => !this.out.has(p) && !this.ready(p) && !this.shut(p))) {
      const g = this.force.get(q), others = this.others(q).filter((r) => !this.skip.has(r));
      let by = [];
      if (g && this.next(q) < g.length) by = others.filter((r) => this.gens.get(r).every((l) => this.covers(l, q, g) <= this.next(q)));
      else if (this.newer(q).length) by = others.filter((r) => !this.turns.get(q).has(r));
      for (const p of by.length ? by : [q]) blamed.add(p);
    }
    return this.parties.filter((p) => blamed.has(p));
  }
}

// recordOrder returns { order: [[log, index]...], late: [[log, index]...],
// settled: how many at the head of order, waiting: parties not yet heard }.
export function recordOrder(logs, parties) {
  const walk = new Walk(logs, parties), order = [], all = () => {
    for (let e; (e = walk.step());) order.push(e);
  };
  all();
  const settled = order.length, waiting = walk.waiting();
  walk.guess = true;
  walk.judge();
  all();
  const on = new Set(order.map(([l, i]) => `${l.generation}:${i}`));
  const late = [...logs.values()].flatMap((l) => l.times.map((_, i) => [l, i])).filter(([l, i]) => !on.has(`${l.generation}:${i}`));
  return { order, late, settled, waiting: settled < order.length ? waiting : [] };
}
