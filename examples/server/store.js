import { join } from 'node:path';
import Database from 'better-sqlite3';

const SCHEMA = `
  CREATE TABLE datasets (
    id TEXT PRIMARY KEY, name TEXT NOT NULL, rows INTEGER NOT NULL, bytes INTEGER NOT NULL,
    columns TEXT NOT NULL, created TEXT NOT NULL
  ) STRICT;
  CREATE TABLE jobs (
    id TEXT PRIMARY KEY, dataset TEXT NOT NULL, name TEXT NOT NULL, encoding TEXT NOT NULL, config TEXT NOT NULL,
    state TEXT NOT NULL, error TEXT, steps INTEGER NOT NULL DEFAULT 0, epoch INTEGER NOT NULL DEFAULT 0,
    total INTEGER NOT NULL, result TEXT, created TEXT NOT NULL, ended TEXT
  ) STRICT;
  CREATE INDEX jobs_by_state ON jobs (state);
  -- AUTOINCREMENT: a number that a client has seen is never used again.
  CREATE TABLE events (
    id INTEGER PRIMARY KEY AUTOINCREMENT, job TEXT NOT NULL REFERENCES jobs ON DELETE CASCADE,
    type TEXT NOT NULL, steps INTEGER NOT NULL, data TEXT NOT NULL
  ) STRICT;
  CREATE INDEX events_by_job ON events (job, id);
`;
const VERSION = 1;
const JSON_FIELDS = ['columns', 'encoding', 'config', 'result'];

/** Datasets, jobs and their events, in SQLite. A model is what a job that is done has come to. */
export class Store {
  #db;
  #statements = new Map();

  constructor(dir) {
    this.#db = new Database(join(dir, 'service.sqlite'));
    // Survives the end of the process at any moment; readers do not wait for writers.
    this.#db.pragma('journal_mode = WAL');
    this.#db.pragma('synchronous = NORMAL');
    this.#db.pragma('foreign_keys = ON');
    const version = this.#db.pragma('user_version', { simple: true });
    if (version > VERSION) throw new Error(`${dir} was written by a later version of this service`);
    if (version === 0)
      this.#db.transaction(() => {
        this.#db.exec(SCHEMA);
        this.#db.pragma(`user_version = ${VERSION}`);
      })();
  }

  close() {
    this.#db.close();
  }

  addDataset({ id, name, rows, bytes, columns }) {
    const values = { id, name, rows, bytes, columns: JSON.stringify(columns), created: now() };
    this.#run('INSERT INTO datasets VALUES (:id, :name, :rows, :bytes, :columns, :created)', values);
    return this.dataset(id);
  }

  dataset(id) {
    return parse(this.#get('SELECT * FROM datasets WHERE id = ?', id));
  }

  datasets() {
    return this.#all('SELECT * FROM datasets ORDER BY created DESC, rowid DESC').map(parse);
  }

  countDatasets() {
    return this.#get('SELECT count(*) AS count FROM datasets').count;
  }

  deleteDataset(id) {
    this.#run('DELETE FROM datasets WHERE id = ?', id);
  }

  addJob({ id, dataset, name, encoding, config, total }) {
    const values = {
      id,
      dataset,
      name,
      encoding: JSON.stringify(encoding),
      config: JSON.stringify(config),
      total,
    };
    this.#run(
      `INSERT INTO jobs (id, dataset, name, encoding, config, state, total, created)
       VALUES (:id, :dataset, :name, :encoding, :config, 'queued', :total, :created)`,
      { ...values, created: now() },
    );
    return this.job(id);
  }

  job(id) {
    return parse(this.#get('SELECT * FROM jobs WHERE id = ?', id));
  }

  jobs(...states) {
    const where = states.length > 0 ? `WHERE state IN (${states.map(() => '?').join()})` : '';
    return this.#all(`SELECT * FROM jobs ${where} ORDER BY created, rowid`, ...states).map(parse);
  }

  /** The newest first. */
  lastJobs({ state = null, limit, offset }) {
    const sql = `SELECT * FROM jobs WHERE coalesce(state = ?, TRUE) ORDER BY created DESC, rowid DESC LIMIT ? OFFSET ?`;
    return this.#all(sql, state, Number(limit), Number(offset)).map(parse);
  }

  countJobs(...states) {
    const where = `state IN (${states.map(() => '?').join()})`;
    return this.#get(`SELECT count(*) AS count FROM jobs WHERE ${where}`, ...states).count;
  }

  /** Changes the state of a job, and tells of it in its events, at once or not at all. */
  setState(id, state, { error = null, result = null } = {}) {
    const ended = ['done', 'failed', 'aborted'].includes(state) ? now() : null;
    const values = { id, state, error, result: result && JSON.stringify(result), ended };
    this.#db.transaction(() => {
      this.#run(
        'UPDATE jobs SET state = :state, error = :error, result = :result, ended = :ended WHERE id = :id',
        values,
      );
      this.addEvent(id, { type: 'state', state, ...(error !== null && { error }) });
    })();
  }

  /** Notes how far a job is. */
  setProgress(id, { steps, epoch }) {
    this.#run('UPDATE jobs SET steps = ?, epoch = ? WHERE id = ?', steps, epoch, id);
  }

  deleteJob(id) {
    this.#run('DELETE FROM jobs WHERE id = ?', id);
  }

  addEvent(job, { type, ...data }) {
    const values = [job, type, data.steps ?? 0, JSON.stringify(data)];
    this.#run('INSERT INTO events (job, type, steps, data) VALUES (?, ?, ?, ?)', ...values);
  }

  /** Takes back what was told of steps that are made again. */
  rewindEvents(job, steps) {
    this.#run(`DELETE FROM events WHERE job = ? AND type IN ('step', 'epoch') AND steps > ?`, job, steps);
  }

  /** The next events of a job, their data as JSON. */
  eventsAfter(job, id, limit) {
    const sql = 'SELECT id, type, data FROM events WHERE job = ? AND id > ? ORDER BY id LIMIT ?';
    return this.#all(sql, job, id, limit);
  }

  #prepare(sql) {
    if (!this.#statements.has(sql)) this.#statements.set(sql, this.#db.prepare(sql));
    return this.#statements.get(sql);
  }

  #run(sql, ...values) {
    return this.#prepare(sql).run(...values);
  }

  #get(sql, ...values) {
    return this.#prepare(sql).get(...values);
  }

  #all(sql, ...values) {
    return this.#prepare(sql).all(...values);
  }
}

const now = () => new Date().toISOString();

/** A row with its JSON read; undefined stays so. */
function parse(row) {
  if (row === undefined) return undefined;
  const fields = JSON_FIELDS.filter((field) => typeof row[field] === 'string');
  return { ...row, ...Object.fromEntries(fields.map((field) => [field, JSON.parse(row[field])])) };
}
