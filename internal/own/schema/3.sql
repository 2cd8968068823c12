-- Schema 3: tokens of the HTTP API, and answers kept so that a request that is
-- sent again is not done again.

CREATE TABLE tokens (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  token   BLOB NOT NULL UNIQUE,        -- SHA-256
  officer INTEGER NOT NULL REFERENCES officers (id),
  office  TEXT NOT NULL,
  name    TEXT NOT NULL,               -- what it is for
  added   INTEGER NOT NULL,
  ends    INTEGER NOT NULL,
  used    INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE requests (
  id     INTEGER PRIMARY KEY AUTOINCREMENT,
  token  INTEGER NOT NULL REFERENCES tokens (id) ON DELETE CASCADE,
  key    TEXT NOT NULL,                -- the client's
  sum    BLOB NOT NULL,                -- SHA-256 of the request
  at     INTEGER NOT NULL,
  status INTEGER NOT NULL DEFAULT 0,   -- 0: begun, and nothing more is known
  secret BLOB NOT NULL DEFAULT x'',    -- the answer
  UNIQUE (token, key)
) STRICT;
