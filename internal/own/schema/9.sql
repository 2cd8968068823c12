-- Schema 9: what our side means to say of a contact, by version, and what it bound
-- itself to before it showed it.

CREATE TABLE readouts (
  id       INTEGER PRIMARY KEY AUTOINCREMENT,
  line     BLOB NOT NULL,
  contact  TEXT NOT NULL,               -- its first request
  version  INTEGER NOT NULL,            -- from 1, without gaps
  state    TEXT NOT NULL,               -- drafted, reviewed, approved
  author   INTEGER NOT NULL REFERENCES officers (id),
  saved    INTEGER NOT NULL,
  reviewer INTEGER NOT NULL DEFAULT 0,
  reviewed INTEGER NOT NULL DEFAULT 0,
  approver INTEGER NOT NULL DEFAULT 0,
  approved INTEGER NOT NULL DEFAULT 0,
  secret   BLOB NOT NULL,               -- the texts; approved: with the facts; why it was returned
  UNIQUE (line, contact, version)
) STRICT;

CREATE TABLE bonds (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  line       BLOB NOT NULL,
  contact    TEXT NOT NULL,
  commitment BLOB NOT NULL,             -- what stands in the ready
  version    INTEGER NOT NULL,          -- of the readout
  officer    INTEGER NOT NULL REFERENCES officers (id),
  at         INTEGER NOT NULL,
  manual     INTEGER NOT NULL,          -- 1: an officer shows it
  secret     BLOB NOT NULL,             -- the nonce, and the statement as it is shown
  UNIQUE (line, commitment)
) STRICT;
CREATE INDEX bonds_contact ON bonds (line, contact);
