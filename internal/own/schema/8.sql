-- Schema 8: challenges by which the watches of two sides know one another before a call.

CREATE TABLE challenges (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  line   BLOB NOT NULL,
  added  INTEGER NOT NULL,
  used   INTEGER NOT NULL DEFAULT 0,  -- when it was asked; 0: not yet
  passed INTEGER NOT NULL DEFAULT 0,
  secret BLOB NOT NULL                -- question and answer, sealed
) STRICT;
CREATE INDEX challenges_line ON challenges (line, used);
