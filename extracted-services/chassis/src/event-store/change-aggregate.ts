import { setTimeout as delay } from 'node:timers/promises'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { type Session, withTransaction } from '../database/with-transaction.ts'
import type { Aggregate, DomainEvent, Loaded } from './aggregate.ts'
import { appendEvents, loadAggregate, type Origin } from './event-store.ts'

const attempts = 5

/**
 * Loads an aggregate, lets `decide` say what happens to it, and adds that, in the transaction of `session`.
 * @returns the aggregate after it, and what happened
 * @throws ToolkitError VERSION_CONFLICT, and whatever `decide` throws
 */
export async function changeAggregate<State, Event extends DomainEvent>(
  session: Session,
  aggregate: Aggregate<State, Event>,
  id: string,
  origin: Origin,
  decide: (state: State) => readonly Event[],
): Promise<Loaded<State> & { events: readonly Event[] }> {
  const loaded = await loadAggregate(session, aggregate, id)
  const events = decide(loaded.state)
  return { ...(await appendEvents(session, aggregate, id, loaded, events, origin)), events }
}

/** A transaction that runs again, up to 5 times, when somebody else has changed the same aggregate meanwhile. */
export async function withRetriedTransaction<T>(
  pool: Pool,
  work: (session: Session) => Promise<T>,
): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await withTransaction(pool, work)
    } catch (error) {
      if (!isToolkitError(error, 'VERSION_CONFLICT') || attempt === attempts) throw error
      await delay(Math.random() * 10 * attempt)
    }
  }
}
