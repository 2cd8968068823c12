-- Schema 1. Never edited: a change is another file. All of it is derived, and
-- can be made again from the record.

CREATE TABLE secrets (
  name   TEXT PRIMARY KEY,
  secret BLOB NOT NULL                 -- sealed under the storage key
) STRICT, WITHOUT ROWID;

CREATE TABLE lines (
  n    INTEGER PRIMARY KEY,
  id   BLOB NOT NULL UNIQUE,
  upto INTEGER NOT NULL DEFAULT 0,     -- the last settled position that is in the index
  last TEXT NOT NULL DEFAULT ''        -- which entry stands there
) STRICT;

-- Where a word stands: 65,536 positions of one line a row.
CREATE TABLE terms (
  id   INTEGER PRIMARY KEY,            -- keyed hash of line, stretch and word
  list BLOB NOT NULL                   -- sealed
) STRICT;

-- Header times, which stand in the clear in the log too: 4,096 positions a row.
CREATE TABLE spans (
  line  INTEGER NOT NULL,
  span  INTEGER NOT NULL,              -- position >> 12
  lo    INTEGER NOT NULL,              -- UTC seconds
  hi    INTEGER NOT NULL,
  times BLOB NOT NULL,                 -- 8 bytes a position
  PRIMARY KEY (line, span)
) STRICT, WITHOUT ROWID;

-- What did not open when it was looked at, to be looked at again.
CREATE TABLE blanks (
  line INTEGER NOT NULL,
  pos  INTEGER NOT NULL,
  PRIMARY KEY (line, pos)
) STRICT, WITHOUT ROWID;
