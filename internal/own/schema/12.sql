-- Schema 12: the open drafts by two comparisons. Of a list of three the engine made
-- a table in memory, twice for each draft that was changed.

DROP INDEX drafts_open;
CREATE INDEX drafts_open ON drafts (line, state) WHERE state <> 'released' AND state <> 'discarded';
