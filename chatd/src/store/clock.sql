-- How far the host's clock is believed. expected: the time at which chatd last ran, as far as it knows. seen: what the clock showed then.
-- running: milliseconds of running since the clock is in doubt.
CREATE TABLE clock (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    expected INTEGER NOT NULL,
    seen INTEGER NOT NULL,
    running INTEGER NOT NULL
) STRICT;
