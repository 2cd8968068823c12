// A refusal: the error kind of spec/errors.md, what is wrong, and where: the
// byte offset and item of a file, filled in by whoever knows it.
export class Refusal extends Error {}

export function refuse(kind, what, place = {}) {
  throw Object.assign(new Refusal(what), { kind, place });
}

// within runs fn; a refusal from it gets the place, unless it has a nearer one.
export function within(place, fn) {
  try {
    return fn();
  } catch (e) {
    if (e instanceof Refusal) e.place = e.place.item === undefined ? place : e.place;
    throw e;
  }
}
