-- Schema 11: what stands beside interpreters: terms of a line, and the script of a call.

CREATE TABLE terms (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  line    BLOB NOT NULL,
  officer INTEGER NOT NULL REFERENCES officers (id),
  at      INTEGER NOT NULL,
  checker INTEGER NOT NULL DEFAULT 0,
  checked INTEGER NOT NULL DEFAULT 0,
  secret  BLOB NOT NULL                -- the term in each language, and a note
) STRICT;
CREATE INDEX terms_line ON terms (line);

CREATE TABLE scripts (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  line    BLOB NOT NULL,
  officer INTEGER NOT NULL REFERENCES officers (id),
  at      INTEGER NOT NULL,
  secret  BLOB NOT NULL                -- what is to be said
) STRICT;
CREATE INDEX scripts_line ON scripts (line);
