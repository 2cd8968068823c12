-- Schema 10: memoranda of contacts and calls (memcons), the notes they are made
-- of, who may read them, and who did. Columns named head are sealed as secret is.

CREATE TABLE memnotes (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  line    BLOB NOT NULL,
  about   TEXT NOT NULL,               -- the contact, or a call that belongs to none
  officer INTEGER NOT NULL REFERENCES officers (id),
  given   INTEGER NOT NULL DEFAULT 0,  -- officer who may merge it too; 0: nobody else
  memcon  INTEGER NOT NULL DEFAULT 0,  -- into which it was merged; 0: none
  at      INTEGER NOT NULL,
  secret  BLOB NOT NULL
) STRICT;
CREATE INDEX memnotes_about ON memnotes (line, about);
CREATE INDEX memnotes_officer ON memnotes (officer);

CREATE TABLE memcons (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  key      TEXT NOT NULL UNIQUE,       -- its name for people: random, so that none says how many there are
  line     BLOB NOT NULL,
  about    TEXT NOT NULL,
  author   INTEGER NOT NULL REFERENCES officers (id),
  state    TEXT NOT NULL,
  version  INTEGER NOT NULL DEFAULT 0, -- the newest that was reviewed; 0: none
  rev      INTEGER NOT NULL DEFAULT 1, -- rises with every change; a change names the one it saw
  saver    INTEGER NOT NULL REFERENCES officers (id),
  reviewer INTEGER NOT NULL DEFAULT 0, -- who is asked to review it
  began    INTEGER NOT NULL,
  saved    INTEGER NOT NULL,
  head     BLOB NOT NULL,
  secret   BLOB NOT NULL
) STRICT;
CREATE INDEX memcons_about ON memcons (line, about);
CREATE INDEX memcons_author ON memcons (author);

CREATE TABLE memcon_versions (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  memcon   INTEGER NOT NULL REFERENCES memcons (id),
  number   INTEGER NOT NULL,           -- 0: a text that another hand wrote over before anybody reviewed it
  officer  INTEGER NOT NULL REFERENCES officers (id),
  at       INTEGER NOT NULL,           -- when it was saved
  reviewer INTEGER NOT NULL DEFAULT 0,
  reviewed INTEGER NOT NULL DEFAULT 0,
  head     BLOB NOT NULL,
  secret   BLOB NOT NULL
) STRICT;
CREATE UNIQUE INDEX memcon_versions_number ON memcon_versions (memcon, number) WHERE number > 0;
CREATE INDEX memcon_versions_of ON memcon_versions (memcon);

CREATE TABLE memcon_readers (
  memcon  INTEGER NOT NULL REFERENCES memcons (id),
  officer INTEGER NOT NULL,            -- 0: an office
  office  TEXT NOT NULL,               -- '': an officer
  rights  TEXT NOT NULL,               -- read, write
  adder   INTEGER NOT NULL,
  at      INTEGER NOT NULL,
  PRIMARY KEY (memcon, officer, office)
) STRICT, WITHOUT ROWID;
CREATE INDEX memcon_readers_who ON memcon_readers (officer, office);

CREATE TABLE memcon_reads (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  memcon  INTEGER NOT NULL REFERENCES memcons (id),
  officer INTEGER NOT NULL,
  number  INTEGER NOT NULL,            -- version; 0: the draft
  at      INTEGER NOT NULL,
  how     TEXT NOT NULL                -- read, printed
) STRICT;
CREATE INDEX memcon_reads_of ON memcon_reads (memcon);
