-- Schema 1. Never edited: a change is another file.
-- An entry, and its row in the index, is id = gens.n << 40 | index.

CREATE TABLE meta (
  key   TEXT PRIMARY KEY,
  value ANY NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE lines (
  n        INTEGER PRIMARY KEY,
  id       BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
  founding BLOB NOT NULL,
  meta     BLOB NOT NULL,
  settled  INTEGER NOT NULL DEFAULT 0  -- derived: the largest settled position
) STRICT;

CREATE TABLE gens (
  n     INTEGER PRIMARY KEY,
  line  INTEGER NOT NULL REFERENCES lines (n),
  id    BLOB NOT NULL CHECK (length(id) = 8),
  party TEXT NOT NULL DEFAULT '',      -- derived from the entry at index 0
  UNIQUE (line, id)
) STRICT;

CREATE TABLE entries (
  id      INTEGER PRIMARY KEY,
  bytes   BLOB NOT NULL,
  secret  BLOB,                        -- key, header and body, sealed
  arrived INTEGER NOT NULL,            -- UTC milliseconds
  filed   INTEGER NOT NULL,            -- outbox id it had, or 0
  fault   INTEGER NOT NULL             -- 0, or 1 + parley.Kind
) STRICT;

CREATE TABLE hashes (
  id  INTEGER PRIMARY KEY,             -- gens.n << 40 | first stored-hash index
  run BLOB NOT NULL                    -- up to 126 consecutive hashes: one page
) STRICT;

CREATE TABLE heads (
  id      INTEGER PRIMARY KEY,         -- gens.n << 40 | size
  root    BLOB NOT NULL,
  ed      BLOB NOT NULL,
  ml      BLOB NOT NULL,
  arrived INTEGER NOT NULL
) STRICT;

CREATE TABLE receipts (
  n       INTEGER PRIMARY KEY,
  gen     INTEGER NOT NULL,
  holder  INTEGER NOT NULL,
  size    INTEGER NOT NULL,
  time    INTEGER NOT NULL,
  ed      BLOB NOT NULL,
  ml      BLOB NOT NULL,
  arrived INTEGER NOT NULL,
  UNIQUE (gen, holder, size)
) STRICT;

CREATE TABLE outbox (
  n          INTEGER PRIMARY KEY,
  line       INTEGER NOT NULL,
  id         INTEGER NOT NULL,
  precedence INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  secret     BLOB NOT NULL,            -- header and fields, sealed
  UNIQUE (line, id)
) STRICT;

CREATE TABLE kv (
  line   INTEGER NOT NULL,
  key    TEXT NOT NULL,
  value  BLOB NOT NULL,                -- sealed when secret
  secret INTEGER NOT NULL,
  PRIMARY KEY (line, key)
) STRICT, WITHOUT ROWID;

-- From here on everything is derived and can be made again.

CREATE TABLE items (
  id         INTEGER PRIMARY KEY,
  line       INTEGER NOT NULL,
  pos        INTEGER NOT NULL DEFAULT 0, -- 0 not placed, -1 never on the record
  arrived    INTEGER NOT NULL,
  time       INTEGER NOT NULL,
  form       TEXT NOT NULL,
  series     INTEGER NOT NULL,
  serial     INTEGER NOT NULL,
  precedence INTEGER NOT NULL,
  exercise   INTEGER NOT NULL,
  fault      INTEGER NOT NULL,
  filed      INTEGER NOT NULL,
  offices    TEXT NOT NULL             -- sorted, joined by blanks
) STRICT;

CREATE INDEX items_pos ON items (line, pos) WHERE pos > 0;
CREATE INDEX items_open ON items (line, id) WHERE pos = 0;
CREATE INDEX items_arrived ON items (line, arrived, id);
CREATE INDEX items_form ON items (line, form, arrived, id);
CREATE INDEX items_serial ON items (line, serial) WHERE serial > 0;
CREATE INDEX items_filed ON items (line, filed) WHERE filed > 0;
CREATE INDEX items_faulty ON items (line, id) WHERE fault > 0;

CREATE TABLE forms (
  line    INTEGER NOT NULL,
  party   TEXT NOT NULL,
  form    TEXT NOT NULL,
  n       INTEGER NOT NULL,
  arrived INTEGER NOT NULL,            -- of the one that arrived last
  id      INTEGER NOT NULL,
  PRIMARY KEY (line, party, form)
) STRICT, WITHOUT ROWID;

CREATE TABLE refs (
  line INTEGER NOT NULL,
  dst  BLOB NOT NULL,                  -- generation id || index, big-endian
  src  INTEGER NOT NULL,               -- items.id, or -outbox.id
  PRIMARY KEY (line, dst, src)
) STRICT, WITHOUT ROWID;

-- Which settled positions have a property, as bits: 4,096 positions a row.
CREATE TABLE facets (
  n    INTEGER PRIMARY KEY,
  name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE bits (
  line  INTEGER NOT NULL,
  chunk INTEGER NOT NULL,              -- position >> 12
  facet INTEGER NOT NULL,
  bits  BLOB NOT NULL,                 -- bit position & 4095, least first; trailing zero bytes left out
  PRIMARY KEY (line, chunk, facet)
) STRICT, WITHOUT ROWID;
