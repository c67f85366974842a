import { randomUUID } from 'node:crypto'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import type { RowDataPacket } from 'mysql2/promise'
import { columnsStatement, targetTable, upsertStatements } from '../cdc/row-write.ts'
import { writeSignal } from '../cdc/signal-table.ts'
import { createSync } from '../cdc/sync.ts'
import { readPosition } from '../cdc/write-barrier.ts'
import { connectApplier, connectToolkit, schemaOf } from '../data/database.ts'
import { identifier } from '../data/sql-text.ts'
import { directed, type Row } from '../data/table-mapping.ts'
import { requireTableShape } from '../data/table-shape.ts'
import { opposite, type Side } from '../journal/capability-state.ts'
import { syncDirection } from '../operator/supervise-sync.ts'
import type { Plan } from '../plan/plan.ts'
import { forgetProbe } from './clean-signals.ts'
import { type Refusal, refuse } from './refusal.ts'
import type { SwitchParts } from './switch-parts.ts'

const withinMs = 5_000

/**
 * Proves the way back before it is needed: a canary row goes through a stream from `source`, and a row of `source` is
 * mapped and written at the other side as the applier would, then rolled back. No row of the capability is changed.
 */
export async function roundTrip(
  parts: SwitchParts,
  plan: Plan,
  source: Side,
  signal: AbortSignal,
): Promise<Refusal[]> {
  await Promise.all([sendCanary(parts, plan, source, signal), writeAndRollBack(parts, plan, source)])
  return []
}

/** A stream without tables: it can carry nothing but the signal, whoever writes meanwhile. */
async function sendCanary(parts: SwitchParts, plan: Plan, source: Side, signal: AbortSignal): Promise<void> {
  const sides = parts.sidesOf(plan)
  // Two preflights at once must not take each other's stream over.
  const capability = `${plan.capability}.probe.${randomUUID().slice(0, 8)}`
  await parts.sources.ready(plan, source, signal)
  const from = await readPosition(sides[source])
  const sync = createSync({
    capability,
    direction: syncDirection(source),
    tables: [],
    source: sides[source],
    target: sides[opposite(source)],
    epoch: 1,
    openSource: parts.sources.open(plan, source),
    log: parts.log.child({ probe: plan.capability }, { level: 'warn' }),
    clock: parts.clock,
  })
  try {
    const id = randomUUID()
    await sync.start(from)
    await writeSignal(sides[source], { id, side: source, capability, kind: 'canary', epoch: 0 })
    await sync.waitUntilApplied({ signalId: id }, { timeoutMs: withinMs, signal })
  } finally {
    await sync.stop()
    await forgetProbe(sides, capability).catch(error =>
      parts.log.warn({ probe: capability, error: messageOf(error) }, 'a probe was not cleaned up'),
    )
  }
}

async function writeAndRollBack(parts: SwitchParts, plan: Plan, source: Side): Promise<void> {
  const sides = parts.sidesOf(plan)
  const mapping = directed(plan.tables[0]!, syncDirection(source))
  const reader = await connectToolkit(sides[source])
  let row: Row | undefined
  try {
    const columns = mapping.from.columns.map(identifier).join(', ')
    const key = mapping.from.key.map(identifier).join(', ')
    const [rows] = await reader.query<RowDataPacket[]>(
      `SELECT ${columns} FROM ${identifier(mapping.from.table)} ORDER BY ${key} LIMIT 1`,
    )
    row = rows[0] as Row | undefined
  } finally {
    await reader.end()
  }
  if (row === undefined) return
  const mapped = mapping.map(row)
  if (mapped === null) return
  const applier = await connectApplier(sides[opposite(source)], syncDirection(source))
  try {
    const shape = await requireTableShape(applier, schemaOf(sides[opposite(source)]), mapping.to.table)
    const table = targetTable(mapping, shape)
    await applier.beginTransaction()
    const statements = table.columnsOnly
      ? [columnsStatement(table, mapped)]
      : upsertStatements(table, [mapped])
    for (const statement of statements) await applier.query(statement)
    await applier.rollback()
  } finally {
    await applier.end()
  }
}

/** As a refusal, for what goes wrong on the way. */
export function wayBackBroken(message: string): Refusal[] {
  return refuse(
    'WAY_BACK_BROKEN',
    `a canary did not come back: ${message}`,
    {},
    'without it no rollback is possible',
  )
}
