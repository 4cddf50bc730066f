"""The tables and views of the registry's SQLite file. Holds SQL and nothing else.

Names are part of the API: docs/reference/api.md lists them. Each table of a version's details has the version's `id`
first and is stored in that order, so that it can be appended to and needs no second index.
"""

from __future__ import annotations

APPLICATION_ID = 0x4D494E54  # "MINT"
USER_VERSION = 1

TABLES = """
CREATE TABLE about (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
CREATE TABLE registry_channels (
  position INTEGER PRIMARY KEY, name TEXT NOT NULL UNIQUE, after TEXT, description TEXT);
CREATE TABLE models (
  name TEXT PRIMARY KEY, title TEXT, task TEXT NOT NULL, licence TEXT NOT NULL, purpose TEXT NOT NULL,
  metric TEXT NOT NULL, goal TEXT NOT NULL, margin REAL, target TEXT, latest TEXT, commit_id TEXT,
  document TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE owners (
  model TEXT NOT NULL REFERENCES models, owner TEXT NOT NULL, PRIMARY KEY (model, owner)) WITHOUT ROWID;
CREATE TABLE tags (
  model TEXT NOT NULL REFERENCES models, tag TEXT NOT NULL, PRIMARY KEY (model, tag)) WITHOUT ROWID;
CREATE TABLE versions (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models, version TEXT NOT NULL, rank INTEGER NOT NULL,
  parent TEXT, created TEXT NOT NULL, author TEXT NOT NULL, summary TEXT NOT NULL, format TEXT NOT NULL,
  artifact TEXT NOT NULL, sha256 TEXT NOT NULL, size INTEGER NOT NULL, rows INTEGER, python TEXT, platform TEXT,
  lock TEXT, load_seconds REAL, latency_row_seconds REAL, latency_batch_seconds REAL, registered TEXT,
  registered_by TEXT, pull_request INTEGER, yanked TEXT, yanked_by TEXT, yanked_reason TEXT, replacement TEXT,
  reproduced TEXT, reproduced_by TEXT, identical INTEGER, commit_id TEXT);
CREATE TABLE metrics (
  version_id INTEGER NOT NULL REFERENCES versions, slice TEXT NOT NULL, metric TEXT NOT NULL, value REAL,
  low REAL, high REAL, PRIMARY KEY (version_id, slice, metric)) WITHOUT ROWID;
CREATE TABLE slices (
  version_id INTEGER NOT NULL REFERENCES versions, slice TEXT NOT NULL, rows INTEGER NOT NULL,
  PRIMARY KEY (version_id, slice)) WITHOUT ROWID;
CREATE TABLE parameters (
  version_id INTEGER NOT NULL REFERENCES versions, name TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (version_id, name)) WITHOUT ROWID;
CREATE TABLE data (
  version_id INTEGER NOT NULL REFERENCES versions, position INTEGER NOT NULL, role TEXT NOT NULL,
  path TEXT NOT NULL, hash TEXT NOT NULL, rows INTEGER NOT NULL, PRIMARY KEY (version_id, position)) WITHOUT ROWID;
CREATE TABLE files (
  version_id INTEGER NOT NULL REFERENCES versions, name TEXT NOT NULL, size INTEGER NOT NULL, md5 TEXT NOT NULL,
  sha256 TEXT NOT NULL, url TEXT, PRIMARY KEY (version_id, name)) WITHOUT ROWID;
CREATE TABLE packages (
  version_id INTEGER NOT NULL REFERENCES versions, package TEXT NOT NULL, version TEXT NOT NULL,
  PRIMARY KEY (version_id, package)) WITHOUT ROWID;
CREATE TABLE stages (
  version_id INTEGER NOT NULL REFERENCES versions, position INTEGER NOT NULL, name TEXT NOT NULL,
  cmd TEXT NOT NULL, PRIMARY KEY (version_id, position)) WITHOUT ROWID;
CREATE TABLE importances (
  version_id INTEGER NOT NULL REFERENCES versions, name TEXT NOT NULL, mean REAL NOT NULL, std REAL,
  PRIMARY KEY (version_id, name)) WITHOUT ROWID;
CREATE TABLE channels (
  model TEXT NOT NULL REFERENCES models, channel TEXT NOT NULL REFERENCES registry_channels (name),
  version TEXT NOT NULL, since TEXT, replaced TEXT, rollback_to TEXT, person TEXT, pull_request INTEGER, commit_id TEXT,
  PRIMARY KEY (model, channel), FOREIGN KEY (model, version) REFERENCES versions (model, version)) WITHOUT ROWID;
CREATE TABLE moves (
  id INTEGER PRIMARY KEY, model TEXT NOT NULL REFERENCES models, channel TEXT NOT NULL, kind TEXT NOT NULL,
  from_version TEXT, to_version TEXT, time TEXT NOT NULL, person TEXT NOT NULL, subject TEXT NOT NULL,
  pull_request INTEGER, commit_id TEXT NOT NULL);
CREATE TABLE events (
  id INTEGER PRIMARY KEY, kind TEXT NOT NULL, model TEXT NOT NULL, version TEXT, channel TEXT, from_version TEXT,
  to_version TEXT, reason TEXT, time TEXT NOT NULL, person TEXT NOT NULL, subject TEXT NOT NULL,
  pull_request INTEGER, commit_id TEXT NOT NULL);
CREATE TABLE broken (
  id INTEGER PRIMARY KEY, path TEXT NOT NULL, line INTEGER NOT NULL, message TEXT NOT NULL, model TEXT, version TEXT,
  channel TEXT);
"""

# Made once everything is in: an index that grows with its table costs more.
INDEXES = """
CREATE UNIQUE INDEX versions_by_name ON versions (model, version);
CREATE INDEX versions_by_digest ON versions (sha256);
CREATE INDEX moves_by_channel ON moves (model, channel);
CREATE INDEX events_by_model ON events (model, kind);
"""

VIEWS = """
CREATE VIEW champions AS
  SELECT m.name AS model, c.version, c.since, m.metric, m.goal, v.value, v.low, v.high, n.created, n.sha256
  FROM models m
  JOIN channels c ON c.model = m.name
    AND c.channel = (SELECT name FROM registry_channels ORDER BY position DESC LIMIT 1)
  LEFT JOIN versions n ON n.model = m.name AND n.version = c.version
  LEFT JOIN metrics v ON v.version_id = n.id AND v.slice = '' AND v.metric = m.metric;
CREATE VIEW channel_history AS
  SELECT model, channel, to_version AS version, time AS from_time,
    lead(time) OVER (PARTITION BY model, channel ORDER BY id) AS to_time, person, pull_request, commit_id
  FROM moves;
CREATE VIEW production_history AS
  SELECT * FROM channel_history
  WHERE version IS NOT NULL AND channel = (SELECT name FROM registry_channels ORDER BY position DESC LIMIT 1);
CREATE VIEW named_metrics AS
  SELECT v.model, v.version, v.rank, m.slice, m.metric, m.value, m.low, m.high
  FROM versions v JOIN metrics m ON m.version_id = v.id;
CREATE VIEW named_parameters AS
  SELECT v.model, v.version, v.rank, p.name, p.value FROM versions v JOIN parameters p ON p.version_id = v.id;
CREATE VIEW named_files AS
  SELECT v.model, v.version, v.rank, f.name, f.size, f.md5, f.sha256, f.url
  FROM versions v JOIN files f ON f.version_id = v.id;
"""
