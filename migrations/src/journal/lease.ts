import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Connection, ResultSetHeader, RowDataPacket } from 'mysql2/promise'

/** The right to change a capability, of one operator at a time. */
export type Lease = {
  capability: string
  holder: string
  /** Grows with each holder: what a former holder still writes is refused by it. */
  token: number
  /** Aborts when the lease is gone: the holder must stop. */
  lost: AbortSignal
  release(): Promise<void>
}

const lockName = "CONCAT(DATABASE(), '.lease.', ?)"

/**
 * Takes the lease of a capability. It stands on two legs: a named lock of the server, which a killed holder loses at
 * once with its connection, and a row with an end by the server's clock, for a holder that hangs.
 * @param connect opens a connection of the lease's own to the control schema
 * @param holder a name that tells another operator who it is
 * @param leaseMs how long it stays good without renewal; renewed three times as often
 * @throws ToolkitError LEASE_HELD with the holder
 */
export async function takeLease(
  connect: () => Promise<Connection>,
  capability: string,
  holder: string,
  leaseMs = 10_000,
): Promise<Lease> {
  const connection = await connect()
  const lost = new AbortController()
  const lose = (why: string) =>
    lost.abort(
      new ToolkitError('LEASE_LOST', `the lease of ${capability} was lost: ${why}`, {
        hint: 'see who holds it now: strangler status',
      }),
    )
  connection.on('error', (error: Error) => lose(messageOf(error)))
  connection.on('end', () => lose('its connection ended'))
  try {
    if (!(await lock(connection, capability, 0))) await displaceExpired(connection, capability)
    const token = await writeRow(connection, capability, holder, leaseMs)
    const timer = setInterval(() => void renew(), leaseMs / 3)
    timer.unref()
    const renew = () =>
      connection
        .query<ResultSetHeader>(
          `UPDATE lease SET until = UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND WHERE capability = ? AND token = ?`,
          [leaseMs * 1_000, capability, token],
        )
        .then(
          ([{ affectedRows }]) => affectedRows === 1 || lose('another operator took it'),
          error => lose(messageOf(error)),
        )
    return {
      capability,
      holder,
      token,
      lost: lost.signal,
      release: async () => {
        clearInterval(timer)
        await connection
          .query(`UPDATE lease SET until = UTC_TIMESTAMP(6) WHERE capability = ? AND token = ?`, [
            capability,
            token,
          ])
          .catch(() => {})
        await connection.end().catch(() => connection.destroy())
      },
    }
  } catch (error) {
    connection.destroy()
    throw error
  }
}

async function lock(connection: Connection, capability: string, seconds: number): Promise<boolean> {
  const [rows] = await connection.query<RowDataPacket[]>(`SELECT GET_LOCK(${lockName}, ?) AS held`, [
    capability,
    seconds,
  ])
  return Number(rows[0]?.held) === 1
}

/** A holder past its end is cut off (one account may end its own connections); one that is not is named. */
async function displaceExpired(connection: Connection, capability: string): Promise<void> {
  const [rows] = await connection.query<RowDataPacket[]>(
    `SELECT IS_USED_LOCK(${lockName}) AS connectionId, holder, since,
            TIMESTAMPDIFF(MICROSECOND, UTC_TIMESTAMP(6), until) / 1000 AS leftMs
     FROM (SELECT 1) AS one LEFT JOIN lease ON capability = ?`,
    [capability, capability],
  )
  const row = rows[0]
  const leftMs = Number(row?.leftMs ?? 0)
  if (row?.holder == null || leftMs > 0) {
    const holder = String(row?.holder ?? 'another operator')
    throw new ToolkitError('LEASE_HELD', `${capability} is being changed by ${holder}`, {
      details: { capability, holder, since: row?.since ?? null, leftMs: Math.round(leftMs) },
      hint: 'wait until that ends, then repeat the command',
    })
  }
  if (row.connectionId != null)
    await connection.query(`KILL CONNECTION ${Number(row.connectionId)}`).catch(() => {})
  if (!(await lock(connection, capability, 2)))
    throw new ToolkitError('LEASE_HELD', `${capability} has just been taken by another operator`, {
      details: { capability },
      hint: 'repeat the command to see who it is',
    })
}

async function writeRow(
  connection: Connection,
  capability: string,
  holder: string,
  leaseMs: number,
): Promise<number> {
  await connection.query(
    `INSERT INTO lease (capability, holder, token, since, until)
     VALUES (?, ?, 1, UTC_TIMESTAMP(6), UTC_TIMESTAMP(6) + INTERVAL ? MICROSECOND)
     ON DUPLICATE KEY UPDATE holder = VALUES(holder), token = token + 1, since = VALUES(since), until = VALUES(until)`,
    [capability, holder, leaseMs * 1_000],
  )
  const [rows] = await connection.query<RowDataPacket[]>('SELECT token FROM lease WHERE capability = ?', [
    capability,
  ])
  return Number(rows[0]!.token)
}
