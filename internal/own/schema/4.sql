-- Schema 4: the third mark on a translation, disputed words, templates.

ALTER TABLE translations ADD COLUMN certifier INTEGER NOT NULL DEFAULT 0;
ALTER TABLE translations ADD COLUMN certified INTEGER NOT NULL DEFAULT 0;

CREATE TABLE disputes (
  id          INTEGER PRIMARY KEY AUTOINCREMENT,
  translation INTEGER NOT NULL REFERENCES translations (id),
  officer     INTEGER NOT NULL REFERENCES officers (id),
  at          INTEGER NOT NULL,
  closer      INTEGER NOT NULL DEFAULT 0, -- officer
  closed      INTEGER NOT NULL DEFAULT 0,
  secret      BLOB NOT NULL               -- the words, the note, how it was settled
) STRICT;
CREATE INDEX disputes_translation ON disputes (translation);

CREATE TABLE templates (
  id      INTEGER PRIMARY KEY AUTOINCREMENT,
  line    BLOB NOT NULL,
  officer INTEGER NOT NULL REFERENCES officers (id), -- who made it
  made    INTEGER NOT NULL,
  secret  BLOB NOT NULL                   -- its name, and the text of a draft
) STRICT;
CREATE INDEX templates_line ON templates (line);
