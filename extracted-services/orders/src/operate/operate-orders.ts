import {
  dropDeadLetter,
  listDeadLetters,
  replayDeadLetter,
  replayDeadLetters,
} from '@strangler/chassis/parking/dead-letters.ts'
import { listStuckSagas, readSagaLog, resumeSaga } from '@strangler/chassis/saga/operate-sagas.ts'
import type { Clock } from '@strangler/kit/clock.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool } from 'mysql2/promise'
import { rebuildHistory } from '../history/order-history.ts'

type Verb = { usage: string; run(pool: Pool, clock: Clock, args: readonly string[]): Promise<unknown> }

const verbs: Readonly<Record<string, Verb>> = {
  'stuck-sagas': { usage: '', run: pool => listStuckSagas(pool) },
  'saga-log': { usage: 'SAGA ID', run: (pool, _clock, [name, id]) => readSagaLog(pool, name!, id!) },
  'resume-saga': {
    usage: 'SAGA ID',
    run: async (pool, clock, [name, id]) => {
      await resumeSaga(pool, name!, id!, clock.now())
      return { resumed: 1 }
    },
  },
  'dead-letters': { usage: '', run: pool => listDeadLetters(pool) },
  replay: {
    usage: 'CONSUMER [MESSAGE]',
    run: async (pool, clock, [consumer, id]) => {
      if (id === undefined) return { replayed: await replayDeadLetters(pool, consumer!, clock.now()) }
      await replayDeadLetter(pool, consumer!, id, clock.now())
      return { replayed: 1 }
    },
  },
  drop: {
    usage: 'CONSUMER MESSAGE',
    run: async (pool, clock, [consumer, id]) => {
      await dropDeadLetter(pool, consumer!, id!, clock.now())
      return { dropped: 1 }
    },
  },
  'rebuild-history': {
    usage: '',
    run: async (pool, clock) => ({ inputs: await rebuildHistory(pool, clock.now()) }),
  },
}

/**
 * What an operator does about orders, on the service's own schema, while it runs or not.
 * @returns a document to be written as JSON
 * @throws ToolkitError USAGE_INVALID, and those of the verbs
 */
export function operateOrders(pool: Pool, clock: Clock, args: readonly string[]): Promise<unknown> {
  const [name = '', ...rest] = args
  const verb = verbs[name]
  const words = verb?.usage.split(' ').filter(word => word !== '') ?? []
  const needed = words.filter(word => !word.startsWith('[')).length
  if (verb !== undefined && rest.length >= needed && rest.length <= words.length)
    return verb.run(pool, clock, rest)
  throw new ToolkitError('USAGE_INVALID', `there is no "${args.join(' ')}"`, {
    hint: Object.entries(verbs)
      .map(([each, { usage }]) => `${each} ${usage}`.trim())
      .join(' · '),
  })
}
