import { appendFile, mkdir, open, readFile, rename } from 'node:fs/promises'
import { dirname } from 'node:path'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import type { ConfigDifference } from '../config/config-diff.ts'
import { sides } from '../config/config-schema.ts'

const entrySchema = z.object({
  number: z.int().min(1),
  at: z.string(),
  by: z.string(),
  reason: z.string(),
  hash: z.string(),
  changes: z.array(z.object({ path: z.string(), before: z.string(), after: z.string() })),
  epochs: z.record(z.string(), z.object({ epoch: z.int().min(0), writes: z.enum(sides) })),
  text: z.string(),
})

/** Which epoch last moved the write owner of a capability, and where to. */
export type OwnerEpoch = z.infer<typeof entrySchema>['epochs'][string]

/** A generation that was served: who made it, when, why, and what it changed. */
export type GenerationEntry = z.infer<typeof entrySchema> & { changes: ConfigDifference[] }

export type GenerationHistory = {
  /** The oldest first. */
  entries(): readonly GenerationEntry[]
  /**
   * @param durable whether the entry must be on disk before this resolves
   * @throws ToolkitError HISTORY_NOT_WRITABLE
   */
  append(entry: GenerationEntry, durable: boolean): Promise<void>
}

const maxEntries = 200
const maxCharacters = 16 * 1_048_576

/**
 * The generations of a proxy in a file of JSON lines beside its configuration, bounded in number and size, so that
 * numbers go on and a stale epoch is refused also after a restart.
 * @throws ToolkitError CONFIG_HISTORY_UNREADABLE
 */
export async function openGenerationHistory(path: string): Promise<GenerationHistory> {
  const text = await readHistory(path)
  const entries = bounded(readEntries(text))
  let lines = entries.length
  // A torn line would take the next one with it.
  let torn = text !== '' && !text.endsWith('\n')

  async function write(entry: string, durable: boolean): Promise<void> {
    const line = torn ? `\n${entry}` : entry
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    if (lines >= 2 * maxEntries) {
      await replace(path, entries)
      lines = entries.length
      torn = false
      return
    }
    // Until it is known to have ended well.
    torn = true
    if (!durable) {
      await appendFile(path, line, { mode: 0o600 })
      torn = false
      return
    }
    const file = await open(path, 'a', 0o600)
    try {
      await file.appendFile(line)
      await file.sync()
    } finally {
      await file.close()
    }
    torn = false
  }

  return {
    entries: () => entries,
    async append(entry, durable) {
      entries.push(entry)
      bounded(entries)
      lines++
      try {
        await write(`${JSON.stringify(entry)}\n`, durable)
      } catch (error) {
        entries.pop()
        throw new ToolkitError('HISTORY_NOT_WRITABLE', `${path} cannot be written: ${messageOf(error)}`, {
          hint: 'let the proxy write to the folder of its configuration file',
          cause: error,
        })
      }
    },
  }
}

/** No file is an empty history. One that cannot be read is none: it holds the epochs. */
async function readHistory(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8')
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return ''
    throw new ToolkitError('CONFIG_HISTORY_UNREADABLE', `${path} cannot be read: ${messageOf(error)}`, {
      hint: 'let the proxy read it: it tells which moves of the write owner are of the past. Remove it only where the databases are begun anew as well',
      cause: error,
    })
  }
}

/** A line that is torn or of another form is passed over: the last one may have been cut by a crash. */
function readEntries(text: string): GenerationEntry[] {
  const byNumber = new Map<number, GenerationEntry>()
  for (const line of text.split('\n')) {
    const entry = readEntry(line)
    if (entry !== undefined) byNumber.set(entry.number, entry)
  }
  return [...byNumber.values()].sort((one, other) => one.number - other.number)
}

function readEntry(line: string): GenerationEntry | undefined {
  try {
    return entrySchema.parse(JSON.parse(line))
  } catch {
    return undefined
  }
}

function bounded(entries: GenerationEntry[]): GenerationEntry[] {
  let characters = entries.reduce((sum, { text }) => sum + text.length, 0)
  while (entries.length > 1 && (entries.length > maxEntries || characters > maxCharacters))
    characters -= entries.shift()?.text.length ?? 0
  return entries
}

async function replace(path: string, entries: readonly GenerationEntry[]): Promise<void> {
  const draft = `${path}.draft`
  const file = await open(draft, 'w', 0o600)
  try {
    await file.writeFile(entries.map(entry => `${JSON.stringify(entry)}\n`).join(''))
    await file.sync()
  } finally {
    await file.close()
  }
  await rename(draft, path)
}
