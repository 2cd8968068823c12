-- Schema 1. Never edited: a change is another file. Times are UTC milliseconds.
-- Columns named secret are sealed under the storage key.

CREATE TABLE officers (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  name    TEXT NOT NULL,
  offices TEXT NOT NULL,               -- sorted, joined by blanks
  active  INTEGER NOT NULL,
  added   INTEGER NOT NULL
) STRICT;

CREATE TABLE seats (
  token   BLOB PRIMARY KEY,            -- SHA-256
  officer INTEGER NOT NULL REFERENCES officers (id),
  office  TEXT NOT NULL,
  ends    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE sessions (
  token   BLOB PRIMARY KEY,            -- SHA-256
  officer INTEGER NOT NULL REFERENCES officers (id),
  office  TEXT NOT NULL,
  began   INTEGER NOT NULL,
  ends    INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE drafts (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  line       BLOB NOT NULL,
  state      TEXT NOT NULL,
  drafter    INTEGER NOT NULL REFERENCES officers (id),
  precedence INTEGER NOT NULL,
  began      INTEGER NOT NULL,
  saved      INTEGER NOT NULL,
  version    INTEGER NOT NULL,
  releaser   INTEGER NOT NULL DEFAULT 0,
  filed      INTEGER NOT NULL DEFAULT 0,
  entry      TEXT NOT NULL DEFAULT '',
  secret     BLOB NOT NULL
) STRICT;
CREATE INDEX drafts_open ON drafts (line, state) WHERE state IN ('draft', 'submitted', 'returned');
CREATE INDEX drafts_filed ON drafts (line, filed) WHERE filed > 0;

CREATE TABLE outgoing (
  line       BLOB NOT NULL,
  id         INTEGER NOT NULL,         -- outbox id
  key        TEXT NOT NULL,            -- why it is filed: once for each key
  draft      INTEGER NOT NULL DEFAULT 0,
  precedence INTEGER NOT NULL,
  at         INTEGER NOT NULL,
  done       INTEGER NOT NULL DEFAULT 0,
  secret     BLOB NOT NULL,            -- header and fields; emptied when done
  PRIMARY KEY (line, id),
  UNIQUE (line, key)
) STRICT;
CREATE INDEX outgoing_open ON outgoing (line, id) WHERE done = 0;

CREATE TABLE translations (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  line     BLOB NOT NULL,
  item     TEXT NOT NULL,
  language TEXT NOT NULL,
  maker    INTEGER NOT NULL REFERENCES officers (id),
  reviewer INTEGER NOT NULL DEFAULT 0,
  made     INTEGER NOT NULL,
  reviewed INTEGER NOT NULL DEFAULT 0,
  secret   BLOB NOT NULL
) STRICT;
CREATE INDEX translations_item ON translations (line, item);

CREATE TABLE marks (
  line    BLOB NOT NULL,
  item    TEXT NOT NULL,
  kind    TEXT NOT NULL,               -- taken, opened
  officer INTEGER NOT NULL REFERENCES officers (id),
  at      INTEGER NOT NULL,
  PRIMARY KEY (line, item, kind, officer)
) STRICT, WITHOUT ROWID;

CREATE TABLE notes (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  line    BLOB NOT NULL,
  item    TEXT NOT NULL,
  officer INTEGER NOT NULL REFERENCES officers (id),
  at      INTEGER NOT NULL,
  secret  BLOB NOT NULL
) STRICT;
CREATE INDEX notes_item ON notes (line, item);

CREATE TABLE handovers (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  officer INTEGER NOT NULL REFERENCES officers (id),
  at      INTEGER NOT NULL,
  secret  BLOB NOT NULL
) STRICT;

CREATE TABLE audit (
  id      INTEGER PRIMARY KEY,         -- from 1, without gaps
  at      INTEGER NOT NULL,
  officer INTEGER NOT NULL,
  name    TEXT NOT NULL,
  act     TEXT NOT NULL,
  object  TEXT NOT NULL,
  secret  BLOB NOT NULL,               -- detail
  hash    BLOB NOT NULL                -- over this row and the hash before it
) STRICT;
CREATE TRIGGER audit_kept BEFORE DELETE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;
CREATE TRIGGER audit_fixed BEFORE UPDATE ON audit BEGIN SELECT raise(ABORT, 'the audit is append-only'); END;

CREATE TABLE alarms (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  line     BLOB NOT NULL,
  peer     TEXT NOT NULL,
  code     TEXT NOT NULL,
  item     TEXT NOT NULL,
  at       INTEGER NOT NULL,
  last     INTEGER NOT NULL,
  count    INTEGER NOT NULL,
  silenced INTEGER NOT NULL DEFAULT 0, -- when
  officer  INTEGER NOT NULL DEFAULT 0, -- who silenced it
  secret   BLOB NOT NULL               -- text
) STRICT;
CREATE INDEX alarms_open ON alarms (line, peer, code) WHERE silenced = 0;
CREATE INDEX alarms_item ON alarms (line, code, item);

CREATE TABLE settings (
  key    TEXT PRIMARY KEY,
  secret BLOB NOT NULL
) STRICT, WITHOUT ROWID;
