// A refusal: the error kind of spec/errors.md, what is wrong, and where: the
// byte offset and item (or entry) of a file, filled in by whoever knows it.
export class Refusal extends Error {
  constructor(kind, what, place = {}) {
    super(what);
    Object.assign(this, { kind, place });
  }
}

export function refuse(kind, what, place) {
  throw new Refusal(kind, what, place);
}

// within runs fn; a refusal from it gets the place, unless it has a nearer one.
export function within(place, fn) {
  try {
    return fn();
  } catch (e) {
    if (e instanceof Refusal) e.place = { ...place, ...e.place };
    throw e;
  }
}
