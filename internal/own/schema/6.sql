-- Schema 6: the key of the browser in which a session was begun.

ALTER TABLE sessions ADD COLUMN browser BLOB NOT NULL DEFAULT x''; -- its public half; empty: not known yet
