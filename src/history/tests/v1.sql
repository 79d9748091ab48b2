-- A history as version 1 of its format has written it. Never to be changed: such files are out there.
PRAGMA auto_vacuum = INCREMENTAL;
PRAGMA journal_mode = WAL;
PRAGMA application_id = 1869767528;
PRAGMA user_version = 1;
CREATE TABLE hosts (
    fingerprint TEXT PRIMARY KEY,
    cpu_model TEXT NOT NULL,
    cpus INTEGER NOT NULL,
    cpu_quota REAL,
    memory_bytes INTEGER
) STRICT;
CREATE TABLE models (
    fingerprint TEXT PRIMARY KEY,
    path TEXT NOT NULL,
    name TEXT,
    architecture TEXT NOT NULL,
    quantization TEXT,
    file_bytes INTEGER NOT NULL
) STRICT;
CREATE TABLE settings (
    hash TEXT PRIMARY KEY,
    json TEXT NOT NULL
) STRICT;
CREATE TABLE runs (
    -- AUTOINCREMENT: the number of a run that was removed means no other one.
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    started_unix_ms INTEGER NOT NULL,
    profile TEXT NOT NULL,
    backend TEXT NOT NULL,
    host_fingerprint TEXT NOT NULL REFERENCES hosts (fingerprint),
    model_fingerprint TEXT NOT NULL REFERENCES models (fingerprint),
    build TEXT NOT NULL,
    settings_hash TEXT NOT NULL REFERENCES settings (hash),
    prompt_tokens INTEGER,
    cached_tokens INTEGER,
    generated_tokens INTEGER,
    load_ms REAL,
    prefill_ms REAL,
    prefill_tokens_per_second REAL,
    ms_per_token REAL,
    ttft_ms REAL,
    gap_p50_ms REAL,
    gap_p95_ms REAL,
    gap_p99_ms REAL,
    gap_max_ms REAL,
    total_ms REAL,
    peak_rss_bytes INTEGER,
    verdict TEXT NOT NULL,
    exit_code INTEGER NOT NULL,
    limit_seconds REAL,
    incident TEXT
) STRICT;
CREATE INDEX runs_alike ON runs
    (settings_hash, model_fingerprint, host_fingerprint, build, verdict, id);
CREATE INDEX runs_by_profile ON runs (profile, id);
CREATE INDEX runs_by_start ON runs (started_unix_ms);
CREATE TABLE meta (
    key TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT;
INSERT INTO hosts VALUES ('00000000000000aa', 'AMD EPYC', 2, 1.5, 8589934592);
INSERT INTO models VALUES ('00000000000000bb', '/models/a.gguf', 'A', 'qwen2', 'Q4_K_M', 1100000000);
INSERT INTO settings VALUES ('00000000000000cc', '{"threads":2}');
INSERT INTO runs VALUES (
    1, 1795000000000, 'coder', 'completion', '00000000000000aa', '00000000000000bb', 'b11434',
    '00000000000000cc', 34, 0, 112, 1300.0, 408.0, 83.3, 207.4, 410.5, 200.0, 250.0, 300.0, 301.5,
    23200.0, 1500000000, 'done', 0, 120.0, NULL
);
INSERT INTO runs VALUES (
    2, 1795000000000, 'coder', 'completion', '00000000000000aa', '00000000000000bb', 'b11434',
    '00000000000000cc', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL,
    NULL, NULL, 'crashed', 7, NULL, '2026-11-23-1'
);
INSERT INTO meta VALUES ('pruned_unix_ms', 1795000000000);
