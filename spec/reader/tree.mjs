// RFC 6962 trees over SHA-256: roots by a compact range, inclusion and
// consistency. Sizes and indices are numbers below 2^53.
import { createHash } from 'node:crypto';
import { refuse } from './refuse.mjs';

export const sha256 = (...parts) => parts.reduce((h, p) => h.update(p), createHash('sha256')).digest();
export const leafHash = (entry) => sha256(Buffer.from([0]), entry);
const node = (l, r) => sha256(Buffer.from([1]), l, r);
export const EMPTY_ROOT = sha256();

// rootsAt returns a Map from each wanted size, and 0, to the root of that many
// leaves. The peaks are perfect subtrees, one for each bit of the size.
export function rootsAt(leaves, sizes) {
  const wanted = new Set(sizes), roots = new Map([[0, EMPTY_ROOT]]), peaks = [];
  leaves.forEach((leaf, i) => {
    let h = leaf;
    for (let n = i; n % 2 === 1; n = Math.floor(n / 2)) h = node(peaks.pop(), h);
    peaks.push(h);
    if (wanted.has(i + 1)) roots.set(i + 1, peaks.reduceRight((right, left) => node(left, right)));
  });
  return roots;
}

// climb walks a proof up from leaf fn of a tree whose last leaf is sn, and hands
// each hash with the side it stands on to join (RFC 9162, 2.1.3.2 and 2.1.4.2).
function climb(fn, sn, proof, join) {
  const half = Math.floor;
  for (const p of proof) {
    if (sn === 0) refuse('bad-proof', 'proof too long');
    const left = fn % 2 === 1 || fn === sn;
    join(p, left);
    while (left && fn % 2 === 0 && fn !== 0) [fn, sn] = [fn / 2, half(sn / 2)];
    [fn, sn] = [half(fn / 2), half(sn / 2)];
  }
  if (sn !== 0) refuse('bad-proof', 'proof too short');
}

// inclusionRoot computes the root of a tree of size from one leaf hash.
export function inclusionRoot(leaf, index, size, proof) {
  if (!(index < size)) refuse('bad-proof', 'index is not below the size');
  let h = leaf;
  climb(index, size - 1, proof, (p, left) => { h = left ? node(p, h) : node(h, p); });
  return h;
}

// consistencyRoots computes both roots, [of a, of b], from a consistency proof
// between sizes 0 < a <= b. Where a is a power of two, or equal to b, the proof
// does not carry the root of a, and start stands for it.
export function consistencyRoots(a, b, proof, start) {
  if (!(a > 0 && a <= b)) refuse('bad-proof', 'sizes of a consistency proof out of order');
  let fn = a - 1, sn = b - 1;
  while (fn % 2 === 1) [fn, sn] = [Math.floor(fn / 2), Math.floor(sn / 2)];
  const [seed, ...path] = fn === 0 || a === b ? [start, ...proof] : proof;
  if (!seed) refuse('bad-proof', 'proof too short');
  let [first, second] = [seed, seed];
  climb(a === b ? 0 : fn, a === b ? 0 : sn, path, (p, left) => { [first, second] = left ? [node(p, first), node(p, second)] : [first, node(second, p)]; });
  return [first, second];
}
