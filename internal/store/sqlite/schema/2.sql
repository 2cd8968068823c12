-- Schema 2: cosignatures of witnesses. Never edited: a change is another file.

CREATE TABLE cosignatures (
  n       INTEGER PRIMARY KEY,
  gen     INTEGER NOT NULL,
  size    INTEGER NOT NULL,
  witness TEXT NOT NULL,               -- name of the key
  key     INTEGER NOT NULL,            -- its id
  time    INTEGER NOT NULL,            -- UTC seconds, as the witness says
  line    TEXT NOT NULL,               -- of the signed note
  arrived INTEGER NOT NULL,            -- UTC milliseconds
  UNIQUE (gen, size, witness, key, time)
) STRICT;

CREATE INDEX cosignatures_latest ON cosignatures (gen, witness, key, time);
