import { setTimeout as delay } from 'node:timers/promises'
import { type Connection, createConnection, type RowDataPacket } from 'mysql2/promise'
import { type BenchProcess, startProcess } from '../load/bench-process.ts'
import { branchPrefix } from './coordinators.ts'

export type Style = 'two-phase' | 'saga'

/** Two databases of the experiment, as `mysql://` URLs of schemas; an account that may see prepared branches. */
export type Databases = { left: string; right: string }

/** What happened to others who change the same rows, in plain transactions of their own. */
export type Bystanders = { served: number; refused: number; times: number[] }

export type Failure = {
  bystanders: Bystanders
  /** Branches that are prepared and that nobody will ever end by himself. */
  inDoubt: number
  /** From the start of another coordinator to the end of the order that was half-way, in ms; undefined: it does not end. */
  recoveredMs: number | undefined
}

const main = `${import.meta.dirname}/two-phase-main.ts`
const patienceMs = 5_000

/** Tables with one row each that everybody wants, and the notes that make a repeated step harmless. */
export async function createTables({ left, right }: Databases): Promise<void> {
  await onConnection(left, async connection => {
    await connection.query('CREATE TABLE credit (customer INT PRIMARY KEY, used BIGINT NOT NULL)')
    await connection.query('CREATE TABLE credit_taken (order_id VARCHAR(64) PRIMARY KEY)')
    await connection.query('INSERT INTO credit VALUES (1, 0)')
  })
  await onConnection(right, async connection => {
    await connection.query('CREATE TABLE stock (sku VARCHAR(20) PRIMARY KEY, quantity BIGINT NOT NULL)')
    await connection.query('CREATE TABLE stock_taken (order_id VARCHAR(64) PRIMARY KEY)')
    await connection.query("INSERT INTO stock VALUES ('TEA', 1000000)")
  })
}

export function startCoordinator(style: Style, { left, right }: Databases): Promise<BenchProcess> {
  return startProcess(main, [style, left, right])
}

/** Orders one after the other for a while: how long each takes where nothing fails. */
export async function placeCalmly(
  coordinator: BenchProcess,
  prefix: string,
  ms: number,
): Promise<{ times: number[]; tookMs: number }> {
  const began = performance.now()
  const times: number[] = []
  for (let n = 0; performance.now() - began < ms; n++) {
    const before = performance.now()
    await coordinator.exchange(`order ${prefix}${n}`)
    times.push(performance.now() - before)
  }
  return { times, tookMs: performance.now() - began }
}

/** Kills a coordinator half-way through an order, and looks at what others get to feel of it. */
export async function failCoordinator(
  style: Style,
  databases: Databases,
  { orderId, watchMs }: { orderId: string; watchMs: number },
): Promise<Failure> {
  const coordinator = await startCoordinator(style, databases)
  await coordinator.exchange(`half ${orderId}`)
  process.kill(coordinator.pid, 'SIGKILL')
  await coordinator.close()
  const bystanders = await watchBystanders(databases.right, watchMs)
  const began = performance.now()
  const successor = await startCoordinator(style, databases)
  let ended = false
  for (
    const deadline = performance.now() + patienceMs;
    !ended && performance.now() < deadline;
    await delay(20)
  )
    ended = await isEnded(databases, style, orderId)
  const recoveredMs = ended ? performance.now() - began : undefined
  const inDoubt = await countInDoubt(databases)
  await successor.close()
  return { bystanders, inDoubt, recoveredMs }
}

/** Branches of the experiment that are prepared on the servers of the two databases. */
export async function countInDoubt({ left, right }: Databases): Promise<number> {
  const found = new Set<string>()
  for (const url of [left, right])
    for (const branch of await branchesOf(url)) found.add(`${new URL(url).host} ${branch}`)
  return found.size
}

/** What an operator has to do after a two-phase commit whose coordinator is gone: decide, on each server. */
export async function rollBackInDoubt({ left, right }: Databases): Promise<void> {
  for (const url of [left, right])
    for (const branch of await branchesOf(url))
      await onConnection(url, connection => connection.query(`XA ROLLBACK ${branch}`))
}

async function branchesOf(url: string): Promise<string[]> {
  return onConnection(url, async connection => {
    const [rows] = await connection.query<RowDataPacket[]>('XA RECOVER')
    return rows
      .filter(({ data }) => String(data).startsWith(branchPrefix))
      .map(({ data, gtrid_length: length }) => {
        const text = String(data)
        return `'${text.slice(0, length)}','${text.slice(length)}'`
      })
  })
}

/** A shop that sells the same product by itself, over and over, for as long as we watch. */
async function watchBystanders(url: string, ms: number): Promise<Bystanders> {
  return onConnection(url, async connection => {
    await connection.query('SET SESSION innodb_lock_wait_timeout = 1')
    const seen: Bystanders = { served: 0, refused: 0, times: [] }
    for (const began = performance.now(); performance.now() - began < ms; ) {
      const before = performance.now()
      try {
        await connection.query("UPDATE stock SET quantity = quantity - 1 WHERE sku = 'TEA'")
        seen.served++
      } catch (error) {
        if ((error as { errno?: unknown }).errno !== 1205) throw error
        seen.refused++
      }
      seen.times.push(performance.now() - before)
    }
    return seen
  })
}

async function isEnded({ left, right }: Databases, style: Style, orderId: string): Promise<boolean> {
  if (style === 'two-phase') return (await countInDoubt({ left, right })) === 0
  return onConnection(right, async connection => {
    const [rows] = await connection.query<RowDataPacket[]>('SELECT 1 FROM stock_taken WHERE order_id = ?', [
      orderId,
    ])
    return rows.length === 1
  })
}

async function onConnection<T>(uri: string, work: (connection: Connection) => Promise<T>): Promise<T> {
  const connection = await createConnection({ uri })
  try {
    return await work(connection)
  } finally {
    await connection.end()
  }
}
