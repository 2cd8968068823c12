-- Schema 7: addresses at which a calendar program reads the contacts that are agreed.

CREATE TABLE feeds (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  token   BLOB NOT NULL UNIQUE,        -- SHA-256
  officer INTEGER NOT NULL REFERENCES officers (id),
  name    TEXT NOT NULL,               -- which calendar
  added   INTEGER NOT NULL,
  used    INTEGER NOT NULL DEFAULT 0
) STRICT;
