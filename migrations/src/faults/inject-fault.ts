import type { RowDataPacket } from 'mysql2/promise'
import type { SwitchParts } from '../cutover/switch-parts.ts'
import { applierUser, connectionOptions, connectToolkit, type Database } from '../data/database.ts'
import type { Plan } from '../plan/plan.ts'
import type { Fault, FaultPart } from './fault-name.ts'
import type { FaultNetwork } from './fault-network.ts'
import type { Processes } from './processes.ts'

/** What an engine needs to break the system that it runs in: only where faults are allowed. */
export type FaultTools = { network: FaultNetwork; processes: Processes }

const backWithinMs = 45_000
const pausedMs = { least: 200, most: 1_500 }
const slow = { latencyMs: 60, forMs: 2_000 }
const cutMs = 1_000

/**
 * Does it, and waits until the system has what it needs again.
 * @returns what was done, in words
 * @throws ToolkitError PROCESS_UNKNOWN, PROCESS_GONE
 */
export async function injectFault(
  parts: Pick<SwitchParts, 'sidesOf' | 'clock'>,
  tools: FaultTools,
  plan: Plan,
  { kind }: Fault,
  random: () => number,
): Promise<string> {
  switch (kind.do) {
    case 'kill': {
      const name = processOf(plan, kind.part)
      await tools.processes.kill(name)
      await tools.processes.untilBack(name, backWithinMs)
      return `${name} was killed and came back`
    }
    case 'pause': {
      const name = processOf(plan, kind.part)
      const ms = Math.round(pausedMs.least + random() * (pausedMs.most - pausedMs.least))
      await tools.processes.pause(name, ms)
      return `${name} stood still for ${ms} ms`
    }
    case 'kill-sync': {
      const { legacy, extracted } = parts.sidesOf(plan)
      const ended = (await cutSync(legacy)) + (await cutSync(extracted))
      return `${ended} connections of the sync were cut`
    }
    case 'slow-network':
      tools.network.become({ kind: 'slow', latencyMs: slow.latencyMs })
      await parts.clock.sleep(slow.forMs)
      tools.network.become({ kind: 'pass' })
      return `the network was ${slow.latencyMs} ms slower for ${slow.forMs} ms`
    case 'cut-network':
      tools.network.become({ kind: 'cut' })
      await parts.clock.sleep(cutMs)
      tools.network.become({ kind: 'pass' })
      return `the network was cut for ${cutMs} ms`
    case 'stray-writer':
      // It writes all the time: see `startStrayWriter`.
      return 'a stray writer wrote past the proxy'
  }
}

function processOf({ databases }: Plan, part: FaultPart): string {
  const names = {
    proxy: 'proxy',
    service: databases?.extracted ?? '',
    monolith: 'monolith',
    database: 'mariadb',
  }
  return names[part]
}

/** Ends what reads the binlog and what applies, at the server: no part of the sync is asked. */
async function cutSync(database: Database): Promise<number> {
  const connection = await connectToolkit(database)
  try {
    const toolkit = connectionOptions(database.toolkitUrl).user
    const [rows] = await connection.query<RowDataPacket[]>(
      `SELECT ID AS id FROM information_schema.PROCESSLIST
        WHERE (USER = ? AND COMMAND LIKE 'Binlog Dump%') OR USER = ?`,
      [toolkit, applierUser(database)],
    )
    for (const { id } of rows) await connection.query(`KILL CONNECTION ${Number(id)}`).catch(() => {})
    return rows.length
  } finally {
    connection.destroy()
  }
}
