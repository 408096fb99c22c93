-- Keys the gateway issued to its clients; `hash` is the SHA-256 of the key. `edited` is the revision
-- of the last change by a person.
CREATE TABLE client_keys (
    id            TEXT PRIMARY KEY,
    name          TEXT NOT NULL,
    hash          TEXT NOT NULL UNIQUE,
    tail          TEXT NOT NULL,
    enabled       INTEGER NOT NULL,
    created_at    INTEGER NOT NULL,
    first_used_at INTEGER,
    last_used_at  INTEGER,
    expires_at    INTEGER,
    expires_days  INTEGER,
    binding       TEXT NOT NULL,
    models        TEXT NOT NULL,
    limits        TEXT NOT NULL,
    edited        INTEGER NOT NULL,
    revision      INTEGER NOT NULL
) STRICT;
CREATE INDEX client_keys_revision ON client_keys (revision);

-- What a client key was used for, by the minute and by the process that counts: each adds to its
-- own rows alone. What is older than any window is one row a day, of nobody.
CREATE TABLE client_key_spent (
    client_key_id TEXT NOT NULL REFERENCES client_keys (id) ON DELETE CASCADE,
    minute        INTEGER NOT NULL,
    owner         TEXT NOT NULL,
    requests      INTEGER NOT NULL,
    tokens        INTEGER NOT NULL,
    cost          INTEGER NOT NULL,
    PRIMARY KEY (client_key_id, minute, owner)
) STRICT, WITHOUT ROWID;

-- One row for each request of the gateway, without its content. Outlives accounts and keys.
CREATE TABLE requests (
    id                    TEXT PRIMARY KEY,
    started_at            INTEGER NOT NULL,
    client_key_id         TEXT,
    client                TEXT NOT NULL,
    endpoint              TEXT,
    model_asked           TEXT NOT NULL,
    model_sent            TEXT,
    stream                INTEGER NOT NULL,
    session               TEXT,
    account_id            TEXT,
    key_id                TEXT,
    attempts              TEXT NOT NULL,
    skipped               TEXT NOT NULL,
    status                INTEGER NOT NULL,
    outcome               TEXT NOT NULL,
    input_tokens          INTEGER NOT NULL,
    output_tokens         INTEGER NOT NULL,
    cache_read_tokens     INTEGER NOT NULL,
    cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    reasoning_tokens      INTEGER NOT NULL,
    cost                  INTEGER NOT NULL,
    latency_ms            INTEGER NOT NULL,
    first_token_ms        INTEGER,
    upstream_request_id   TEXT
) STRICT;
CREATE INDEX requests_started ON requests (started_at, id);
CREATE INDEX requests_client_key ON requests (client_key_id, started_at);

-- In billionths of a dollar.
ALTER TABLE usage_hourly ADD COLUMN cost INTEGER NOT NULL DEFAULT 0;
