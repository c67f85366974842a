import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isDuplicateKey } from '../database/database-error.ts'
import { instantOf, preciseDateTimeOf } from '../database/date-time.ts'
import type { Session } from '../database/with-transaction.ts'
import { type Aggregate, type DomainEvent, type Loaded, upcastToNow } from './aggregate.ts'

/** Where the tables' migrations are, for `applyMigrations`. */
export const eventStoreMigrations = {
  component: 'event-store',
  folder: fileURLToPath(new URL('../../sql/event-store', import.meta.url)),
}

/** Who did it, and in which trace. */
export type Origin = { actor: string; traceparent?: string | undefined; now: number }

/** One line of an aggregate's audit: an event with who caused it, as it was written. */
export type AuditEntry = {
  readonly version: number
  readonly eventId: string
  readonly type: string
  readonly data: unknown
  readonly actor: string
  readonly traceparent: string | null
  /** ISO 8601 in UTC. */
  readonly at: string
}

type EventRow = { version: number; type: string; schema_version: number; data: string }
type AuditRow = EventRow & {
  event_id: string
  actor: string
  traceparent: string | null
  recorded_at: string
}

/** The aggregate as it is: from its last snapshot and the events since. Version 0 is one to which nothing has happened. */
export async function loadAggregate<State, Event extends DomainEvent>(
  session: Session,
  aggregate: Aggregate<State, Event>,
  id: string,
): Promise<Loaded<State>> {
  const [snapshot] = await session.rows<{ version: number; state: string }>(
    'SELECT version, state FROM snapshots WHERE stream = ? AND schema_version = ?',
    [streamOf(aggregate, id), aggregate.stateSchema],
  )
  if (snapshot === undefined) return replayAggregate(session, aggregate, id)
  const state = JSON.parse(snapshot.state) as State
  return replay(session, aggregate, id, { state, version: snapshot.version })
}

/**
 * The aggregate from its events alone.
 * @param upTo the version to stop at: the aggregate as it was then
 */
export function replayAggregate<State, Event extends DomainEvent>(
  session: Session,
  aggregate: Aggregate<State, Event>,
  id: string,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<Loaded<State>> {
  return replay(session, aggregate, id, { state: aggregate.initial, version: 0 }, upTo)
}

/**
 * Adds what has happened since `loaded`, if nothing else has meanwhile.
 * @returns the aggregate after it
 * @throws ToolkitError VERSION_CONFLICT: load, decide and append again
 */
export async function appendEvents<State, Event extends DomainEvent>(
  session: Session,
  aggregate: Aggregate<State, Event>,
  id: string,
  loaded: Loaded<State>,
  events: readonly Event[],
  origin: Origin,
): Promise<Loaded<State>> {
  if (events.length === 0) return loaded
  const stream = streamOf(aggregate, id)
  const [last] = await session.rows<{ version: number | null }>(
    'SELECT MAX(version) AS version FROM events WHERE stream = ?',
    [stream],
  )
  if ((last?.version ?? 0) !== loaded.version) throw versionConflict(stream, loaded.version)
  try {
    await insertEvents(session, stream, loaded.version, aggregate.eventSchema, events, origin)
  } catch (error) {
    // Of two that append at once, both saw the same last version: the primary key lets one of them.
    if (isDuplicateKey(error)) throw versionConflict(stream, loaded.version)
    throw error
  }
  const version = loaded.version + events.length
  const state = events.reduce((current, event) => aggregate.evolve(current, event), loaded.state)
  const { snapshotEvery } = aggregate
  if (Math.floor(version / snapshotEvery) > Math.floor(loaded.version / snapshotEvery))
    await takeSnapshot(session, stream, aggregate.stateSchema, { state, version }, origin.now)
  return { state, version }
}

/** Everything that has happened to an aggregate, in order, with who caused it. */
export async function readAudit<State, Event extends DomainEvent>(
  session: Session,
  aggregate: Aggregate<State, Event>,
  id: string,
): Promise<AuditEntry[]> {
  const rows = await session.rows<AuditRow>(
    `SELECT version, event_id, type, schema_version, data, actor, traceparent, recorded_at FROM events
     WHERE stream = ? ORDER BY version`,
    [streamOf(aggregate, id)],
  )
  return rows.map(row => ({
    version: row.version,
    eventId: row.event_id,
    type: row.type,
    data: JSON.parse(row.data) as unknown,
    actor: row.actor,
    traceparent: row.traceparent,
    at: instantOf(row.recorded_at),
  }))
}

async function replay<State, Event extends DomainEvent>(
  session: Session,
  aggregate: Aggregate<State, Event>,
  id: string,
  from: Loaded<State>,
  upTo = Number.MAX_SAFE_INTEGER,
): Promise<Loaded<State>> {
  const rows = await session.rows<EventRow>(
    `SELECT version, type, schema_version, data FROM events
     WHERE stream = ? AND version > ? AND version <= ? ORDER BY version`,
    [streamOf(aggregate, id), from.version, upTo],
  )
  return rows.reduce<Loaded<State>>(({ state }, row) => {
    const written = { type: row.type, data: JSON.parse(row.data) as unknown }
    const event = upcastToNow(aggregate, written, row.schema_version)
    return { state: aggregate.evolve(state, event), version: row.version }
  }, from)
}

async function insertEvents(
  session: Session,
  stream: string,
  version: number,
  schema: number,
  events: readonly DomainEvent[],
  { actor, traceparent, now }: Origin,
): Promise<void> {
  const at = preciseDateTimeOf(now)
  await session.run(
    `INSERT INTO events (stream, version, event_id, type, schema_version, data, actor, traceparent, recorded_at)
     VALUES ${events.map(() => '(?, ?, ?, ?, ?, ?, ?, ?, ?)').join(', ')}`,
    events.flatMap(({ type, data }, index) => [
      stream,
      version + index + 1,
      randomUUID(),
      type,
      schema,
      JSON.stringify(data),
      actor,
      traceparent ?? null,
      at,
    ]),
  )
}

async function takeSnapshot(
  session: Session,
  stream: string,
  schema: number,
  { state, version }: Loaded<unknown>,
  now: number,
): Promise<void> {
  await session.run(
    `INSERT INTO snapshots (stream, version, schema_version, state, taken_at) VALUES (?, ?, ?, ?, ?)
     ON DUPLICATE KEY UPDATE version = VALUES(version), schema_version = VALUES(schema_version),
       state = VALUES(state), taken_at = VALUES(taken_at)`,
    [stream, version, schema, JSON.stringify(state), preciseDateTimeOf(now)],
  )
}

function versionConflict(stream: string, expected: number): ToolkitError {
  return new ToolkitError('VERSION_CONFLICT', `${stream} is not at version ${expected} any more`, {
    hint: 'load it again, and decide on what it is now',
    details: { stream, expected },
  })
}

function streamOf(aggregate: { name: string }, id: string): string {
  return `${aggregate.name}-${id}`
}
