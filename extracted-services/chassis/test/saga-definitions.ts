import type { Session } from '../src/database/with-transaction.ts'
import { type Call, defineSaga, type Saga, type StepOutcome } from '../src/saga/saga.ts'

/** Participants that reserve something for a saga once, give it back once, and remember what they gave back. */
export type Participants = {
  reserve(participant: string, call: Call): Promise<StepOutcome<OrderData>>
  release(participant: string, call: Call): Promise<void>
  commit(participant: string, call: Call): Promise<StepOutcome<OrderData>>
}

export type OrderData = { id: string }

/** An order in the table `test_orders`, credit and stock somewhere else. */
export function orderSaga(participants: Participants, withinMs = 20_000): Saga<OrderData> {
  const setStatus = async (session: Session, id: string, status: string, detail: string) => {
    await session.run(
      `INSERT INTO test_orders (id, status, detail) VALUES (?, ?, ?)
       ON DUPLICATE KEY UPDATE status = VALUES(status), detail = VALUES(detail), changes = changes + 1`,
      [id, status, detail],
    )
  }
  return defineSaga<OrderData>({
    name: 'place-order',
    withinMs,
    steps: [
      {
        name: 'place',
        kind: 'compensatable',
        withinMs,
        apply: async (session, { id }) => {
          await setStatus(session, id, 'pending', '')
          return { done: true }
        },
        undo: (session, { id }, reason) => setStatus(session, id, 'canceled', reason.code),
      },
      {
        name: 'credit',
        kind: 'compensatable',
        withinMs: withinMs / 2,
        act: (_data, call) => participants.reserve('credit', call),
        compensate: (_data, _reason, call) => participants.release('credit', call),
      },
      {
        name: 'stock',
        kind: 'compensatable',
        withinMs: withinMs / 2,
        act: (_data, call) => participants.reserve('stock', call),
        compensate: (_data, _reason, call) => participants.release('stock', call),
      },
      {
        name: 'confirm',
        kind: 'pivot',
        withinMs,
        apply: async (session, { id }) => {
          await setStatus(session, id, 'confirmed', '')
          return { done: true }
        },
      },
      {
        name: 'commit-stock',
        kind: 'retriable',
        withinMs: 60_000,
        act: (_data, call) => participants.commit('stock', call),
      },
    ],
  })
}
