import { createHash } from 'node:crypto'
import { mkdir, open, readFile, rename, truncate, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'

const entrySchema = z.strictObject({
  seq: z.int().min(1),
  at: z.string(),
  operator: z.string(),
  verb: z.string(),
  capability: z.string(),
  reason: z.string(),
  details: z.unknown(),
  previous: z.string(),
  hash: z.string(),
})

/** A link of the chain: its hash covers what was done and the hash before it. The engine's audit has the same form. */
export type AuditEntry = z.infer<typeof entrySchema>
/** What an operator asked for or was refused. */
export type Deed = Pick<AuditEntry, 'operator' | 'verb' | 'capability' | 'reason' | 'details'>
export type ChainBreak = { seq: number; reason: 'changed' | 'missing' | 'cut off' }

export type AuditLog = {
  /**
   * On disk when it resolves: what it is about must not begin before.
   * @throws ToolkitError AUDIT_NOT_WRITABLE
   */
  append(deed: Deed): Promise<AuditEntry>
  /** The newest first. */
  last(limit: number): Promise<AuditEntry[]>
  /** Reads the whole file: undefined when it is sound, else the first entry that is not. */
  verify(): Promise<ChainBreak | undefined>
  /** Resolves when everything that was appended is on disk. */
  close(): Promise<void>
}

type Head = { seq: number; hash: string }

const first: Head = { seq: 0, hash: '0'.repeat(64) }

/**
 * JSON lines, each with the hash of the one before; the last hash stands in a file beside it as well, so that a log
 * that was cut off shows.
 * @param now wall clock, milliseconds since the epoch
 */
export async function openAuditLog(path: string, now: () => number): Promise<AuditLog> {
  await cutTornLine(path)
  let head: Head = (await readEntries(path)).at(-1) ?? first
  let queue: Promise<unknown> = Promise.resolve()

  async function write(deed: Deed): Promise<AuditEntry> {
    const body = {
      seq: head.seq + 1,
      at: new Date(now()).toISOString(),
      operator: deed.operator.slice(0, 128),
      verb: deed.verb,
      capability: deed.capability,
      reason: deed.reason.slice(0, 500),
      // As it will be read back: what JSON drops must not be hashed.
      details: JSON.parse(JSON.stringify(deed.details ?? {})) as unknown,
      previous: head.hash,
    }
    const entry: AuditEntry = { ...body, hash: hashOf(body) }
    try {
      await appendDurably(path, `${JSON.stringify(entry)}\n`)
    } catch (error) {
      await cutTornLine(path).catch(() => {})
      throw new ToolkitError('AUDIT_NOT_WRITABLE', `${path} cannot be written: ${messageOf(error)}`, {
        hint: 'let the proxy write to the folder of its configuration file: what is not on record is not done',
        cause: error,
      })
    }
    head = { seq: entry.seq, hash: entry.hash }
    await writeHead(path, head).catch(() => {})
    return entry
  }

  return {
    append(deed) {
      const result = queue.then(() => write(deed))
      queue = result.catch(() => {})
      return result
    },
    last: async limit => (await readEntries(path)).slice(-limit).reverse(),
    verify: async () => findBreak(await readLines(path), await readHead(path)),
    async close() {
      await queue
    },
  }
}

/** SHA-256 over the fields in a fixed order. */
function hashOf({
  seq,
  at,
  operator,
  verb,
  capability,
  reason,
  details,
  previous,
}: Omit<AuditEntry, 'hash'>) {
  const text = JSON.stringify([seq, at, operator, verb, capability, reason, details, previous])
  return createHash('sha256').update(text).digest('hex')
}

/**
 * @param head as recorded apart from the chain; a crash may have left it behind the chain's end, never before it
 */
function findBreak(lines: readonly (AuditEntry | undefined)[], head: Head): ChainBreak | undefined {
  let previous = first
  for (const entry of lines) {
    const seq = previous.seq + 1
    if (entry === undefined) return { seq, reason: 'changed' }
    if (entry.seq !== seq) return { seq, reason: 'missing' }
    if (entry.previous !== previous.hash || entry.hash !== hashOf(entry)) return { seq, reason: 'changed' }
    if (seq === head.seq && entry.hash !== head.hash) return { seq, reason: 'changed' }
    previous = entry
  }
  return previous.seq < head.seq ? { seq: previous.seq + 1, reason: 'cut off' } : undefined
}

async function appendDurably(path: string, line: string): Promise<void> {
  await mkdir(dirname(path), { recursive: true, mode: 0o700 })
  const file = await open(path, 'a', 0o600)
  try {
    await file.appendFile(line)
    await file.sync()
  } finally {
    await file.close()
  }
}

/** A line that a crash cut short was never answered for. */
async function cutTornLine(path: string): Promise<void> {
  const bytes = await readFile(path).catch(() => Buffer.alloc(0))
  const end = bytes.lastIndexOf(0x0a) + 1
  if (end < bytes.length) await truncate(path, end)
}

async function writeHead(path: string, head: Head): Promise<void> {
  await writeFile(`${path}.head.draft`, JSON.stringify(head), { mode: 0o600 })
  await rename(`${path}.head.draft`, `${path}.head`)
}

async function readHead(path: string): Promise<Head> {
  try {
    const schema = z.object({ seq: z.int().min(0), hash: z.string() })
    return schema.parse(JSON.parse(await readFile(`${path}.head`, 'utf8')))
  } catch {
    return first
  }
}

async function readLines(path: string): Promise<(AuditEntry | undefined)[]> {
  const text = await readFile(path, 'utf8').catch(() => '')
  return text
    .split('\n')
    .filter(line => line !== '')
    .map(readEntry)
}

async function readEntries(path: string): Promise<AuditEntry[]> {
  return (await readLines(path)).filter(entry => entry !== undefined)
}

function readEntry(line: string): AuditEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}
