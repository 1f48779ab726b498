-- Logins of the host and changes of owner.

-- The uid that a login had when it was last seen. Another uid under the name is another person.
CREATE TABLE login (
    folded TEXT PRIMARY KEY,
    uid INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- message: the number of the last message before the change, since the clock may have been set back; 0 where it is not known.
ALTER TABLE handed_on RENAME TO owner_change;
ALTER TABLE owner_change ADD COLUMN message INTEGER NOT NULL DEFAULT 0;
