-- How much of the history each author stores, for the limit on its size.

-- share: who an entry is charged to. An account by its name; a guest, whose nick says nothing, by 'user@host' where the kernel vouches for
-- the user, by the host elsewhere; what was imported by its nick.
ALTER TABLE entry ADD COLUMN share TEXT GENERATED ALWAYS AS (CASE
    WHEN account IS NOT NULL THEN 'a:' || author
    WHEN number IS NULL AND kind < 2 THEN 'i:' || author
    WHEN instr(source, '!~') THEN 'h:' || substr(source, instr(source, '@') + 1)
    ELSE 'h:' || substr(source, instr(source, '!') + 1)
END) VIRTUAL;

-- bytes: roughly, with what an entry needs in the indexes.
ALTER TABLE entry ADD COLUMN bytes INTEGER GENERATED ALWAYS AS (
    200 + length(source) + 2 * ifnull(octet_length(text), 0) + ifnull(octet_length(tags), 0)
) VIRTUAL;

CREATE INDEX entry_share ON entry (share);

CREATE TABLE share (
    name TEXT PRIMARY KEY,
    bytes INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX share_bytes ON share (bytes);

INSERT INTO share (name, bytes) SELECT share, sum(bytes) FROM entry GROUP BY share;

CREATE TRIGGER entry_share_comes AFTER INSERT ON entry BEGIN
    INSERT INTO share (name, bytes) VALUES (new.share, new.bytes)
    ON CONFLICT (name) DO UPDATE SET bytes = bytes + excluded.bytes;
END;

CREATE TRIGGER entry_share_changes AFTER UPDATE OF text, tags ON entry BEGIN
    UPDATE share SET bytes = bytes + new.bytes - old.bytes WHERE name = new.share;
END;

CREATE TRIGGER entry_share_goes BEFORE DELETE ON entry BEGIN
    UPDATE share SET bytes = bytes - old.bytes WHERE name = old.share;
    DELETE FROM share WHERE name = old.share AND bytes <= 0;
END;
