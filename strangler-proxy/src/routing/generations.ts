import type { Problem } from '@strangler/kit/problem.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { diffConfigs } from '../config/config-diff.ts'
import type { ConfigFile } from '../config/config-file.ts'
import type { Config } from '../config/config-schema.ts'
import { type Change, editConfig } from '../config/edit-config.ts'
import { invalidConfig, type ParsedConfig, parseConfig } from '../config/parse-config.ts'
import { createGeneration, type Generation } from './generation.ts'
import type { GenerationEntry, GenerationHistory, OwnerEpoch } from './generation-history.ts'
import { checkEpoch } from './owner-epochs.ts'

/** A change with the epoch that the journal gave it: without one, writes do not move. */
export type EpochChange = Change & { epoch?: number | undefined }

/** Who changes something, and why: kept in the history. */
export type Author = { by: string; reason: string }

type Good = Extract<ParsedConfig, { config: Config }>

export type Generations = {
  /** One reference, read once per request. */
  current(): Generation
  /** What is wrong with the file that was refused last; empty while the file is the one served. */
  problems(): readonly Problem[]
  /** The generations that were served, the oldest first. */
  history(): readonly GenerationEntry[]
  /**
   * Reads the file and swaps when it changed.
   * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID; the last good generation stays
   */
  reload(author?: Author): Promise<Generation>
  /**
   * Edits the file in place and swaps. Asking for what is already so changes nothing.
   * @throws ToolkitError CAPABILITY_UNKNOWN, CONFIG_INVALID, EPOCH_MISSING, EPOCH_STALE, CONFIG_NOT_WRITABLE,
   *   HISTORY_NOT_WRITABLE
   */
  change(changes: readonly EpochChange[], author: Author): Promise<Generation>
  /**
   * Makes the text of an earlier generation the file again, as a new generation. Write owners stay where they are.
   * @throws ToolkitError GENERATION_UNKNOWN, CONFIG_INVALID, CONFIG_NOT_WRITABLE, HISTORY_NOT_WRITABLE
   */
  revert(number: number, author: Author): Promise<Generation>
}

export type GenerationsOptions = {
  file: ConfigFile
  history: GenerationHistory
  /** Called with each that is to be served; resolves once every worker serves it. */
  publish(next: Generation, previous: Generation | undefined): Promise<void>
  /** Told of what goes ahead nevertheless. */
  warn(message: string): void
  /** Wall clock, milliseconds since the epoch. */
  now(): number
}

const byFile: Author = { by: 'file', reason: 'the file changed' }

/** The generations of one proxy, one after the other; their numbers go on where those of the last run ended. */
export async function openGenerations(options: GenerationsOptions): Promise<Generations> {
  const { file, history, publish } = options
  const first = parseConfig(await file.read(), file.companions)
  if (!('config' in first)) throw invalidConfig(file.name, first.problems)
  const last = history.entries().at(-1)
  // Whatever the file says now: an epoch that was forgotten would let a coordinator of the past move the owner.
  let epochs: Record<string, OwnerEpoch> = last?.epochs ?? {}
  for (const [name, { writes }] of Object.entries(first.config.capabilities)) {
    const moved = epochs[name]
    if (moved !== undefined && writes !== undefined && moved.writes !== writes)
      options.warn(
        `${file.name} has writes: ${writes} of ${name}, but epoch ${moved.epoch} moved them to ${moved.writes}`,
      )
  }
  const resumed = last?.hash === first.hash
  let current = generationOf(resumed ? last.number : (last?.number ?? 0) + 1, first)
  let problems: readonly Problem[] = []
  await publish(current, undefined)
  if (!resumed) await keep(current, undefined, { by: 'file', reason: 'the proxy started' })

  /** A swap without a move of the write owner goes ahead although it cannot be kept: the folder may be read-only. */
  async function keep(next: Generation, previous: Generation | undefined, author: Author): Promise<void> {
    await history
      .append(entryOf(next, previous, author), false)
      .catch(error => options.warn(`the history of generations is kept in memory only: ${messageOf(error)}`))
  }

  function entryOf(next: Generation, previous: Generation | undefined, author: Author): GenerationEntry {
    return {
      number: next.number,
      at: new Date(options.now()).toISOString(),
      ...author,
      hash: next.hash,
      changes: previous === undefined ? [] : diffConfigs(previous.config, next.config),
      epochs,
      text: next.text,
    }
  }

  async function swap(next: Generation): Promise<Generation> {
    await publish(next, current)
    current = next
    return next
  }

  // One at a time: a file event during an edit would read the file between edit and swap.
  let queue: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = queue.then(work)
    queue = result.catch(() => {})
    return result
  }

  async function reload(author: Author): Promise<Generation> {
    try {
      const read = parseConfig(await file.read(), file.companions)
      if (!('config' in read)) throw invalidConfig(file.name, read.problems)
      const moved = movedWrites(current.config, read.config)
      if (moved.length > 0) throw invalidConfig(file.name, moved)
      problems = []
      if (read.hash === current.hash) return current
      const previous = current
      const next = await swap(generationOf(current.number + 1, read))
      await keep(next, previous, author)
      return next
    } catch (error) {
      problems = problemsOf(error)
      throw error
    }
  }

  async function change(changes: readonly EpochChange[], author: Author): Promise<Generation> {
    for (const { capability } of changes)
      if (!current.capabilities.has(capability))
        throw new ToolkitError('CAPABILITY_UNKNOWN', `no capability ${capability} is configured`)
    // Without a look at the files that it names: a certificate must not stop a cutover half-way.
    const edited = parseConfig(editConfig(current.text, changes))
    if (!('config' in edited)) throw invalidConfig(file.name, edited.problems)
    const moved: Record<string, OwnerEpoch> = {}
    for (const { capability, writes, epoch } of changes)
      if (writes !== undefined && writes !== current.config.capabilities[capability]?.writes)
        moved[capability] = checkEpoch({ capability, writes, epoch }, epochs[capability])
    const { next, text, left } = await mergeWithFile(edited, changes)
    return replaceFile(next, text, left, moved, author)
  }

  /**
   * History before file before swap: after a crash in between, the same move asked again goes through, and no other
   * with its epoch does.
   */
  async function replaceFile(
    good: Good,
    text: string | undefined,
    left: readonly Problem[],
    moved: Record<string, OwnerEpoch>,
    author: Author,
  ): Promise<Generation> {
    const before = epochs
    const next = good.hash === current.hash ? current : generationOf(current.number + 1, good)
    epochs = { ...epochs, ...moved }
    try {
      if (next !== current)
        await history.append(entryOf(next, current, author), Object.keys(moved).length > 0)
      if (text !== undefined) await file.write(text)
    } catch (error) {
      epochs = before
      throw error
    }
    problems = left
    return next === current ? current : swap(next)
  }

  async function revert(number: number, author: Author): Promise<Generation> {
    const entry = history.entries().find(one => one.number === number)
    if (entry === undefined)
      throw new ToolkitError('GENERATION_UNKNOWN', `generation ${number} is not in the history`, {
        details: { kept: history.entries().map(one => one.number) },
      })
    const parsed = parseConfig(entry.text, file.companions)
    if (!('config' in parsed)) throw invalidConfig(`generation ${number}`, parsed.problems)
    const moved = movedWrites(current.config, parsed.config)
    if (moved.length > 0) throw invalidConfig(`generation ${number}`, moved)
    return replaceFile(parsed, parsed.text, [], {}, author)
  }

  /**
   * The file may hold edits that are not served yet. Good ones come along; bad ones stay in the file and are
   * reported, while the change is made to what is served: a typing mistake must not stop a cutover half-way.
   */
  async function mergeWithFile(
    edited: Good,
    changes: readonly EpochChange[],
  ): Promise<{ next: Good; text: string | undefined; left: readonly Problem[] }> {
    const onDisk = await file.read()
    if (onDisk === current.text)
      return { next: edited, text: edited.text === onDisk ? undefined : edited.text, left: [] }
    let text: string
    try {
      text = editConfig(onDisk, changes)
    } catch (error) {
      return { next: edited, text: undefined, left: problemsOf(error) }
    }
    const merged = parseConfig(text, file.companions)
    const wanted = text === onDisk ? undefined : text
    if (!('config' in merged)) return { next: edited, text: wanted, left: merged.problems }
    const moved = movedWrites(edited.config, merged.config)
    return moved.length > 0
      ? { next: edited, text: wanted, left: moved }
      : { next: merged, text: wanted, left: [] }
  }

  return {
    current: () => current,
    problems: () => problems,
    history: history.entries,
    reload: (author = byFile) => inTurn(() => reload(author)),
    change: (changes, author) => inTurn(() => change(changes, author)),
    revert: (number, author) => inTurn(() => revert(number, author)),
  }
}

function generationOf(number: number, { config, text, hash }: Good): Generation {
  return createGeneration(number, config, text, hash)
}

function movedWrites(from: Config, to: Config): Problem[] {
  return Object.entries(to.capabilities).flatMap(([name, capability]) => {
    const before = from.capabilities[name]
    if (before === undefined || before.writes === capability.writes) return []
    return [
      {
        path: `capabilities.${name}.writes`,
        message: `writes is changed only by cutover and rollback (served: ${before.writes}, wanted: ${capability.writes})`,
      },
    ]
  })
}

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ToolkitError && Array.isArray(error.details.problems))
    return error.details.problems as Problem[]
  return [{ path: '', message: error instanceof Error ? error.message : String(error) }]
}
