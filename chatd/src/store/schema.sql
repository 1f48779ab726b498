-- What chatd keeps. Times are milliseconds since 1970-01-01 UTC. A change is a new file with the steps from the version before.

CREATE TABLE secret (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    value BLOB NOT NULL
) STRICT;

-- The password is kept as an Argon2id hash, and as the keys of SCRAM-SHA-256; all of it or nothing.
CREATE TABLE account (
    folded TEXT PRIMARY KEY,
    name TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    login INTEGER NOT NULL,
    email TEXT,
    argon2 TEXT,
    scram_salt BLOB,
    scram_iterations INTEGER,
    scram_stored_key BLOB,
    scram_server_key BLOB,
    suspended_by TEXT,
    suspended_reason TEXT,
    suspended_at INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE certificate (
    fingerprint TEXT PRIMARY KEY,
    account TEXT NOT NULL REFERENCES account (folded) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;

CREATE INDEX certificate_account ON certificate (account);

-- kind: name, mask or net.
CREATE TABLE ban (
    kind TEXT NOT NULL,
    target TEXT NOT NULL,
    reason TEXT,
    by TEXT NOT NULL,
    at INTEGER NOT NULL,
    until INTEGER,
    PRIMARY KEY (kind, target)
) STRICT, WITHOUT ROWID;
