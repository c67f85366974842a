import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Pool, PoolConnection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'
import type { CapabilityState, Phase, Side } from './capability-state.ts'
import type { Lease } from './lease.ts'

/** One verb of one run, before or after it took effect. */
export type Entry = { verb: string; moment: 'before' | 'after' | 'failed'; details?: unknown }

export type RecordedEntry = Entry & { id: number; run: string; action: string; operator: string; at: Date }

export type JournalLine = RecordedEntry & { epoch: number; phaseBefore: string; phaseAfter: string }

/** A cutover or rollback under way: what every entry of it carries. */
export type Run = { id: string; capability: string; action: string; epoch: number; operator: string }

export type Journal = {
  /** The capability's row; made on first sight (owner legacy, epoch 1, planned). */
  state(capability: string): Promise<CapabilityState>
  /** Moves the phase of a capability that no run is changing; true when it was in one of `from`. */
  movePhase(lease: Lease, from: readonly Phase[], to: Phase): Promise<boolean>
  /**
   * Begins a run under an epoch that was never given before.
   * @throws ToolkitError RUN_UNFINISHED, LEASE_LOST
   */
  begin(lease: Lease, run: { id: string; action: string; operator: string }): Promise<Run>
  /** Appends entries in one statement. @throws ToolkitError LEASE_LOST when another holder took over */
  record(lease: Lease, run: Run, phase: Phase, entries: readonly Entry[]): Promise<void>
  /**
   * The point of no return: owner and epoch change together with the entry, only if nobody else changed them.
   * @throws ToolkitError EPOCH_STALE
   */
  moveOwner(lease: Lease, run: Run, from: CapabilityState, owner: Side): Promise<void>
  /** Ends a run; one without a way back keeps its name until it has one. @throws ToolkitError EPOCH_STALE when it is not the current one */
  finish(lease: Lease, run: Run, phase: Phase): Promise<void>
  /** What a run recorded, oldest first. */
  entries(capability: string, run: string): Promise<RecordedEntry[]>
  /** The last entries of all its runs, newest first, with epoch and the phases between which each stands. */
  recent(capability: string, limit: number): Promise<JournalLine[]>
}

/** @param pool to the control schema */
export function createJournal(pool: Pool): Journal {
  return {
    state: capability => readState(pool, capability),
    movePhase: async (lease, from, to) => {
      const [{ affectedRows }] = await pool.query<ResultSetHeader>(
        `UPDATE capability_state SET phase = ?, changed_at = UTC_TIMESTAMP(6)
         WHERE capability = ? AND run IS NULL AND phase IN (?)
           AND EXISTS (SELECT 1 FROM lease WHERE lease.capability = ? AND token = ?)`,
        [to, lease.capability, from, lease.capability, lease.token],
      )
      return affectedRows === 1
    },
    begin: (lease, { id, action, operator }) =>
      transaction(pool, async connection => {
        const before = await lockState(connection, lease)
        if (before.run !== null || before.phase !== 'syncing')
          throw new ToolkitError(
            'RUN_UNFINISHED',
            `${lease.capability} is in phase ${before.phase}: nothing may move its owner now`,
            {
              details: { run: before.run, phase: before.phase },
              hint: `bring it to its end first: strangler run ${lease.capability}`,
            },
          )
        const epoch = before.epochSeen + 1
        const run: Run = { id, capability: lease.capability, action, epoch, operator }
        await connection.query(
          `UPDATE capability_state SET phase = 'switching', run = ?, epoch_seen = ?, changed_at = UTC_TIMESTAMP(6)
           WHERE capability = ?`,
          [id, epoch, lease.capability],
        )
        await append(connection, lease, run, before.phase, 'switching', [{ verb: 'begin', moment: 'after' }])
        return run
      }),
    record: (lease, run, phase, entries) => append(pool, lease, run, phase, phase, entries),
    moveOwner: (lease, run, from, owner) =>
      transaction(pool, async connection => {
        const [{ affectedRows }] = await connection.query<ResultSetHeader>(
          `UPDATE capability_state SET owner = ?, epoch = ?, phase = 'switched', changed_at = UTC_TIMESTAMP(6)
           WHERE capability = ? AND epoch = ? AND owner = ? AND run = ? AND phase = 'switching'`,
          [owner, run.epoch, run.capability, from.epoch, from.owner, run.id],
        )
        if (affectedRows !== 1) throw staleEpoch(run, from.epoch)
        const entry: Entry = { verb: 'owner', moment: 'after', details: { owner } }
        await append(connection, lease, run, 'switching', 'switched', [entry])
      }),
    finish: (lease, run, phase) =>
      transaction(pool, async connection => {
        const before = await lockState(connection, lease)
        if (before.run !== run.id) throw staleEpoch(run, before.epoch)
        // A switch without a way back keeps its run: the position to start from is among its entries.
        await connection.query(
          'UPDATE capability_state SET phase = ?, run = ?, changed_at = UTC_TIMESTAMP(6) WHERE capability = ?',
          [phase, phase === 'irreversible' ? run.id : null, run.capability],
        )
        await append(connection, lease, run, before.phase, phase, [{ verb: 'finish', moment: 'after' }])
      }),
    entries: async (capability, run) => {
      const [rows] = await pool.query<RowDataPacket[]>(
        'SELECT * FROM journal WHERE capability = ? AND run = ? ORDER BY id',
        [capability, run],
      )
      return rows.map(toEntry)
    },
    recent: async (capability, limit) => {
      const [rows] = await pool.query<RowDataPacket[]>(
        'SELECT * FROM journal WHERE capability = ? ORDER BY id DESC LIMIT ?',
        [capability, limit],
      )
      return rows.map(row => ({
        ...toEntry(row),
        epoch: Number(row.epoch),
        phaseBefore: String(row.phase_before),
        phaseAfter: String(row.phase_after),
      }))
    },
  }
}

async function transaction<T>(pool: Pool, work: (connection: PoolConnection) => Promise<T>): Promise<T> {
  const connection = await pool.getConnection()
  try {
    await connection.beginTransaction()
    const result = await work(connection)
    await connection.commit()
    connection.release()
    return result
  } catch (error) {
    // A connection whose transaction may still stand must not go back to the pool.
    connection.destroy()
    throw error
  }
}

async function readState(pool: Pool, capability: string): Promise<CapabilityState> {
  const read = () =>
    pool.query<RowDataPacket[]>('SELECT * FROM capability_state WHERE capability = ?', [capability])
  const [found] = await read()
  if (found[0] !== undefined) return toState(found[0])
  await pool.query(
    `INSERT IGNORE INTO capability_state (capability, owner, epoch, epoch_seen, phase, run, changed_at)
     VALUES (?, 'legacy', 1, 1, 'planned', NULL, UTC_TIMESTAMP(6))`,
    [capability],
  )
  const [made] = await read()
  return toState(made[0]!)
}

async function lockState(connection: PoolConnection, lease: Lease): Promise<CapabilityState> {
  const [rows] = await connection.query<RowDataPacket[]>(
    'SELECT * FROM capability_state WHERE capability = ? FOR UPDATE',
    [lease.capability],
  )
  return toState(rows[0]!)
}

/** Written only while the lease's token is the current one: a former holder's entry inserts nothing. */
async function append(
  on: Pool | PoolConnection,
  lease: Lease,
  run: Run,
  before: Phase,
  after: Phase,
  entries: readonly Entry[],
): Promise<void> {
  const row =
    'SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, UTC_TIMESTAMP(6), ? FROM lease WHERE capability = ? AND token = ?'
  const values = entries.flatMap(({ verb, moment, details }) => [
    run.capability,
    run.id,
    run.action,
    verb,
    moment,
    before,
    after,
    run.epoch,
    run.operator,
    JSON.stringify(details ?? {}),
    lease.capability,
    lease.token,
  ])
  const [{ affectedRows }] = await on.query<ResultSetHeader>(
    `INSERT INTO journal (capability, run, action, verb, moment, phase_before, phase_after, epoch, operator, at, details)
     ${entries.map(() => row).join(' UNION ALL ')}`,
    values,
  )
  if (affectedRows === entries.length) return
  throw new ToolkitError('LEASE_LOST', `another operator has taken over ${lease.capability}`, {
    details: { holder: lease.holder, token: lease.token },
    hint: 'see who holds it now: strangler status',
  })
}

function staleEpoch(run: Run, expected: number): ToolkitError {
  return new ToolkitError(
    'EPOCH_STALE',
    `${run.capability} is no longer at epoch ${expected}: its owner was moved by another run`,
    {
      details: { run: run.id, epoch: run.epoch, expected },
      hint: `look at the present state: strangler status`,
    },
  )
}

function toState(row: RowDataPacket): CapabilityState {
  return {
    capability: String(row.capability),
    owner: row.owner as Side,
    epoch: Number(row.epoch),
    epochSeen: Number(row.epoch_seen),
    phase: row.phase as Phase,
    run: row.run === null ? null : String(row.run),
  }
}

function toEntry(row: RowDataPacket): RecordedEntry {
  return {
    id: Number(row.id),
    run: String(row.run),
    action: String(row.action),
    verb: String(row.verb),
    moment: row.moment as Entry['moment'],
    operator: String(row.operator),
    at: row.at as Date,
    details: JSON.parse(String(row.details)) as unknown,
  }
}
