-- Schema 2: passkeys, locked sessions, access given back by two administrators.

CREATE TABLE handles (
  officer INTEGER PRIMARY KEY REFERENCES officers (id),
  handle  BLOB NOT NULL UNIQUE         -- WebAuthn user handle: random, says nothing of the officer
) STRICT;

CREATE TABLE passkeys (
  id         INTEGER PRIMARY KEY AUTOINCREMENT,
  credential BLOB NOT NULL UNIQUE,     -- credential id
  officer    INTEGER NOT NULL REFERENCES officers (id),
  added      INTEGER NOT NULL,
  used       INTEGER NOT NULL DEFAULT 0,
  secret     BLOB NOT NULL             -- the officer's name for it, and the credential record
) STRICT;
CREATE INDEX passkeys_officer ON passkeys (officer);

CREATE TABLE returns (
  officer INTEGER PRIMARY KEY REFERENCES officers (id), -- whose access is to be given back
  asker   INTEGER NOT NULL REFERENCES officers (id),    -- the first administrator
  at      INTEGER NOT NULL
) STRICT;

ALTER TABLE sessions ADD COLUMN way TEXT NOT NULL DEFAULT 'link'; -- link, passkey
ALTER TABLE sessions ADD COLUMN locked INTEGER NOT NULL DEFAULT 0; -- since when
