-- Schema 5: the watch list, hand-overs that somebody takes over, the call-out
-- list and who was told when, promised contacts.

CREATE TABLE shifts (
  id        INTEGER PRIMARY KEY AUTOINCREMENT,
  officer   INTEGER NOT NULL REFERENCES officers (id),
  begins    INTEGER NOT NULL,
  ends      INTEGER NOT NULL,
  languages TEXT NOT NULL              -- that the officer reads on this watch, joined by blanks
) STRICT;
CREATE INDEX shifts_ends ON shifts (ends);

ALTER TABLE handovers ADD COLUMN taker INTEGER NOT NULL DEFAULT 0; -- who took the watch over; 0: nobody yet
ALTER TABLE handovers ADD COLUMN taken INTEGER NOT NULL DEFAULT 0; -- when

CREATE TABLE handed (                  -- what was open when a hand-over was written
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  handover INTEGER NOT NULL REFERENCES handovers (id),
  kind     TEXT NOT NULL,
  line     BLOB NOT NULL,
  item     TEXT NOT NULL,
  officer  INTEGER NOT NULL DEFAULT 0, -- who acknowledged it
  at       INTEGER NOT NULL DEFAULT 0, -- when
  secret   BLOB NOT NULL               -- what it was, in words
) STRICT;
CREATE INDEX handed_over ON handed (handover);

CREATE TABLE callouts (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  place  INTEGER NOT NULL,             -- order in which they are told
  office TEXT NOT NULL,                -- '' for none of ours
  wait   INTEGER NOT NULL,             -- before the next one is told
  gone   INTEGER NOT NULL DEFAULT 0,   -- when it was taken off the list
  secret BLOB NOT NULL                 -- name, and how to reach it
) STRICT;

CREATE TABLE tolds (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  callout INTEGER NOT NULL REFERENCES callouts (id),
  line    BLOB NOT NULL,
  item    TEXT NOT NULL,
  officer INTEGER NOT NULL REFERENCES officers (id), -- who told
  at      INTEGER NOT NULL,
  reached INTEGER NOT NULL,
  secret  BLOB NOT NULL                -- remark
) STRICT;
CREATE INDEX tolds_item ON tolds (line, item);

CREATE TABLE promises (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  line    BLOB NOT NULL,
  due     INTEGER NOT NULL,
  officer INTEGER NOT NULL REFERENCES officers (id),
  at      INTEGER NOT NULL,
  closed  INTEGER NOT NULL DEFAULT 0,  -- when it was kept or given up
  closer  INTEGER NOT NULL DEFAULT 0,
  secret  BLOB NOT NULL                -- what was promised
) STRICT;
CREATE INDEX promises_open ON promises (due) WHERE closed = 0;
