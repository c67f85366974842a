import ZongJi, { type AnyBinlogEvent } from '@vlasky/zongji'
import { type Connection, createConnection, escape as quoted } from 'mysql2/promise'

type OldRow = {
  ITEM_NO: number
  ITEM_NM: string
  EMAIL: string | null
  CENTS: number
  STAT: string
  OPEN_DT: string
}

const batchRows = 2_000
const pauseAt = 20_000

/**
 * What one would write in an afternoon: zongji's rows as bulk upserts, one transaction a batch, without a checkpoint,
 * transactions, mapping checks, a fence, or a way to begin again.
 */
export async function followBare(adminUrl: string, from: string, rows: number): Promise<void> {
  const { hostname, port, username, password } = new URL(adminUrl)
  const zongji = new ZongJi({ host: hostname, port: Number(port), user: username, password })
  const writer = await createConnection({ uri: `${adminUrl}new` })
  const waiting: OldRow[] = []
  let paused = false
  let arrived: (() => void) | undefined
  zongji.on('binlog', (event: AnyBinlogEvent) => {
    if (event.getTypeName() !== 'WriteRows') return
    for (const row of (event as unknown as { rows: OldRow[] }).rows) waiting.push(row)
    if (!paused && waiting.length > pauseAt) {
      paused = true
      zongji.connection?.pause()
    }
    arrived?.()
  })
  zongji.start({
    gtidSet: from,
    serverId: 77_001,
    includeEvents: ['tablemap', 'writerows'],
    includeSchema: { old: ['ITEM'] },
  })
  for (let done = 0; done < rows; ) {
    if (waiting.length === 0) {
      await new Promise<void>(resolve => (arrived = resolve))
      continue
    }
    const batch = waiting.splice(0, batchRows)
    if (paused && waiting.length < pauseAt / 4) {
      paused = false
      zongji.connection?.resume()
    }
    await upsert(writer, batch)
    done += batch.length
  }
  zongji.stop()
  await writer.end()
}

/** A keyset-chunk loop that reads the next chunk while it writes the last one. */
export async function copyBare(adminUrl: string): Promise<void> {
  const reader = await createConnection({ uri: `${adminUrl}old` })
  const writer = await createConnection({ uri: `${adminUrl}new` })
  const after = async (last: number) => {
    const [rows] = await reader.query(
      `SELECT * FROM ITEM WHERE ITEM_NO > ${last} ORDER BY ITEM_NO LIMIT 5000`,
    )
    return rows as OldRow[]
  }
  let chunk = await after(0)
  while (chunk.length > 0) {
    const [next] = await Promise.all([after(chunk.at(-1)!.ITEM_NO), upsert(writer, chunk)])
    chunk = next
  }
  await reader.end()
  await writer.end()
}

async function upsert(writer: Connection, rows: readonly OldRow[]): Promise<void> {
  const values = rows.map(({ ITEM_NO, ITEM_NM, EMAIL, CENTS, STAT, OPEN_DT }) => {
    const cents = String(CENTS).padStart(3, '0')
    return `(${ITEM_NO},${quoted(ITEM_NM)},${quoted(EMAIL)},${cents.slice(0, -2)}.${cents.slice(-2)},${quoted(
      STAT === 'A' ? 'active' : 'closed',
    )},'${OPEN_DT.slice(0, 4)}-${OPEN_DT.slice(4, 6)}-${OPEN_DT.slice(6)}')`
  })
  await writer.query(
    `INSERT INTO items VALUES ${values.join(',')} ON DUPLICATE KEY UPDATE name=VALUES(name), email=VALUES(email), price=VALUES(price), status=VALUES(status), opened_on=VALUES(opened_on)`,
  )
}
