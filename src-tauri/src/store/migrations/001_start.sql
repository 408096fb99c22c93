-- One row each: the store-wide revision, what the key is checked with, where the key comes from.
CREATE TABLE meta (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO meta (name, value) VALUES ('revision', '0');

-- `access`, `refresh` and `proxy` are sealed. `edited` is the revision of the last change that a
-- person could have overwritten; `revision` also counts use and health.
CREATE TABLE accounts (
    id                      TEXT PRIMARY KEY,
    name                    TEXT NOT NULL,
    kind                    TEXT NOT NULL,
    endpoint                TEXT NOT NULL,
    priority                INTEGER NOT NULL,
    enabled                 INTEGER NOT NULL,
    schedulable             INTEGER NOT NULL,
    status                  TEXT NOT NULL,
    error                   TEXT,
    max_concurrency         INTEGER NOT NULL,
    user_agent              TEXT,
    owner_email             TEXT,
    owner_name              TEXT,
    user_id                 TEXT,
    organization_id         TEXT,
    subscription_expires_at INTEGER,
    created_at              INTEGER NOT NULL,
    last_used_at            INTEGER,
    last_refresh_at         INTEGER,
    token_expires_at        INTEGER,
    health                  TEXT,
    key_strategy            TEXT NOT NULL,
    uses                    INTEGER NOT NULL,
    tokens_used             INTEGER NOT NULL,
    token_budget            INTEGER,
    access                  TEXT NOT NULL DEFAULT '',
    refresh                 TEXT NOT NULL DEFAULT '',
    refresh_fingerprint     TEXT,
    proxy                   TEXT NOT NULL DEFAULT '',
    edited                  INTEGER NOT NULL,
    revision                INTEGER NOT NULL
) STRICT;
CREATE INDEX accounts_revision ON accounts (revision);

CREATE TABLE groups (
    id         TEXT PRIMARY KEY,
    name       TEXT NOT NULL,
    priority   INTEGER NOT NULL,
    strategy   TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    edited     INTEGER NOT NULL,
    revision   INTEGER NOT NULL
) STRICT;
CREATE INDEX groups_revision ON groups (revision);

CREATE TABLE account_groups (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    group_id   TEXT NOT NULL REFERENCES groups (id) ON DELETE CASCADE,
    position   INTEGER NOT NULL,
    PRIMARY KEY (account_id, group_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX account_groups_group ON account_groups (group_id);

-- `secret` is sealed; `hash` is the SHA-256 of the key, to tell duplicates.
CREATE TABLE api_keys (
    id           TEXT PRIMARY KEY,
    account_id   TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    hash         TEXT NOT NULL,
    tail         TEXT NOT NULL,
    secret       TEXT NOT NULL,
    status       TEXT NOT NULL,
    error        TEXT,
    health       TEXT,
    created_at   INTEGER NOT NULL,
    last_used_at INTEGER,
    uses         INTEGER NOT NULL,
    tokens_used  INTEGER NOT NULL,
    revision     INTEGER NOT NULL,
    UNIQUE (account_id, hash)
) STRICT;
CREATE INDEX api_keys_status ON api_keys (account_id, status, id);
CREATE INDEX api_keys_revision ON api_keys (revision);

-- What was deleted, so that other processes learn of it.
CREATE TABLE tombstones (
    kind     TEXT NOT NULL,
    id       TEXT NOT NULL,
    revision INTEGER NOT NULL,
    PRIMARY KEY (kind, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX tombstones_revision ON tombstones (revision);

CREATE TABLE sessions (
    sticky_key TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key_id     TEXT REFERENCES api_keys (id) ON DELETE CASCADE,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX sessions_account ON sessions (account_id);
CREATE INDEX sessions_key ON sessions (key_id);
CREATE INDEX sessions_expiry ON sessions (expires_at);

-- One row for each request under way.
CREATE TABLE leases (
    id         TEXT PRIMARY KEY,
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    key_id     TEXT,
    model      TEXT NOT NULL,
    owner      TEXT,
    created_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX leases_account ON leases (account_id);
CREATE INDEX leases_expiry ON leases (expires_at);

-- The right to refresh. `spent` is the fingerprint of the refresh token the flight sends; an
-- overdue flight keeps its row, so that its answer can still be told from an outdated one.
CREATE TABLE refresh_leases (
    account_id TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE,
    owner      TEXT NOT NULL,
    spent      TEXT NOT NULL,
    deadline   INTEGER NOT NULL,
    PRIMARY KEY (account_id, owner)
) STRICT, WITHOUT ROWID;

-- `secret` is sealed.
CREATE TABLE logins (
    id            TEXT PRIMARY KEY,
    flow          TEXT NOT NULL,
    secret        TEXT NOT NULL,
    created_at    INTEGER NOT NULL,
    expires_at    INTEGER NOT NULL,
    next_poll_at  INTEGER NOT NULL,
    interval_ms   INTEGER NOT NULL,
    state         TEXT NOT NULL,
    credential_id TEXT
) STRICT, WITHOUT ROWID;

-- Every refresh token an account ever had, by fingerprint: a token from a file or the environment
-- is recognised although it was rotated since.
CREATE TABLE lineage (
    fingerprint TEXT PRIMARY KEY,
    account_id  TEXT NOT NULL REFERENCES accounts (id) ON DELETE CASCADE
) STRICT, WITHOUT ROWID;
CREATE INDEX lineage_account ON lineage (account_id);

-- Sums for each hour; '' where there is no key or client key. Outlives the account.
CREATE TABLE usage_hourly (
    hour                  INTEGER NOT NULL,
    account_id            TEXT NOT NULL,
    key_id                TEXT NOT NULL,
    client_key_id         TEXT NOT NULL,
    model                 TEXT NOT NULL,
    outcome               TEXT NOT NULL,
    requests              INTEGER NOT NULL,
    input_tokens          INTEGER NOT NULL,
    output_tokens         INTEGER NOT NULL,
    cache_read_tokens     INTEGER NOT NULL,
    cache_write_5m_tokens INTEGER NOT NULL,
    cache_write_1h_tokens INTEGER NOT NULL,
    reasoning_tokens      INTEGER NOT NULL,
    latency_ms            INTEGER NOT NULL,
    first_token_ms        INTEGER NOT NULL,
    first_tokens          INTEGER NOT NULL,
    PRIMARY KEY (hour, account_id, key_id, client_key_id, model, outcome)
) STRICT, WITHOUT ROWID;
