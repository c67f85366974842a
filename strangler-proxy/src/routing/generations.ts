import type { Problem } from '@strangler/kit/problem.ts'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { ConfigFile } from '../config/config-file.ts'
import type { Config } from '../config/config-schema.ts'
import { type Change, editConfig } from '../config/edit-config.ts'
import { invalidConfig, type ParsedConfig, parseConfig } from '../config/parse-config.ts'
import { createGeneration, type Generation } from './generation.ts'

/** A change with the epoch that the journal gave it: without one, writes do not move. */
export type EpochChange = Change & { epoch?: number | undefined }

export type Generations = {
  /** One reference, read once per request. */
  current(): Generation
  /** What is wrong with the file that was refused last; empty while the file is the one served. */
  problems(): readonly Problem[]
  /**
   * Reads the file and swaps when it changed.
   * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID; the last good generation stays
   */
  reload(): Promise<Generation>
  /**
   * Edits the file in place and swaps. Asking for what is already so changes nothing.
   * @throws ToolkitError CAPABILITY_UNKNOWN, CONFIG_INVALID, EPOCH_MISSING, EPOCH_STALE, CONFIG_NOT_WRITABLE
   */
  change(changes: readonly EpochChange[]): Promise<Generation>
}

/**
 * The generations of one proxy, one after the other.
 * @param onSwap called with the new one, before the next request sees it
 */
export async function openGenerations(
  file: ConfigFile,
  onSwap: (next: Generation, previous: Generation | undefined) => void,
): Promise<Generations> {
  const first = await file.read()
  const parsed = parseConfig(first)
  if (!('config' in parsed)) throw invalidConfig(file.name, parsed.problems)
  let current = createGeneration(1, parsed.config, parsed.text, parsed.hash)
  let problems: readonly Problem[] = []
  const epochs = new Map<string, number>()
  onSwap(current, undefined)

  const swap = (next: Extract<ParsedConfig, { config: Config }>): Generation => {
    if (next.hash === current.hash) return current
    const previous = current
    const generation = createGeneration(previous.number + 1, next.config, next.text, next.hash)
    onSwap(generation, previous)
    current = generation
    return generation
  }

  // One at a time: a file event during an edit would read the file between edit and swap.
  let last: Promise<unknown> = Promise.resolve()
  const inTurn = <T>(work: () => Promise<T>): Promise<T> => {
    const result = last.then(work)
    last = result.catch(() => {})
    return result
  }

  async function reload(): Promise<Generation> {
    try {
      const next = parseConfig(await file.read())
      if (!('config' in next)) throw invalidConfig(file.name, next.problems)
      const moved = movedWrites(current.config, next.config)
      if (moved.length > 0) throw invalidConfig(file.name, moved)
      problems = []
      return swap(next)
    } catch (error) {
      problems = problemsOf(error)
      throw error
    }
  }

  async function change(changes: readonly EpochChange[]): Promise<Generation> {
    for (const { capability } of changes)
      if (!current.capabilities.has(capability))
        throw new ToolkitError('CAPABILITY_UNKNOWN', `no capability ${capability} is configured`)
    const edited = parseConfig(editConfig(current.text, changes))
    if (!('config' in edited)) throw invalidConfig(file.name, edited.problems)
    const moves = changes.filter(({ capability, writes }) => {
      return writes !== undefined && writes !== current.config.capabilities[capability]?.writes
    })
    for (const move of moves) checkEpoch(move, epochs)
    const { next, text, left } = await mergeWithFile(edited, changes)
    if (text !== undefined) await file.write(text)
    for (const { capability, epoch } of moves) if (epoch !== undefined) epochs.set(capability, epoch)
    problems = left
    return swap(next)
  }

  /**
   * The file may hold edits that are not served yet. Good ones come along; bad ones stay in the file and are
   * reported, while the change is made to what is served: a typing mistake must not stop a cutover half-way.
   */
  async function mergeWithFile(
    edited: Extract<ParsedConfig, { config: Config }>,
    changes: readonly EpochChange[],
  ): Promise<{ next: typeof edited; text: string | undefined; left: readonly Problem[] }> {
    const onDisk = await file.read()
    if (onDisk === current.text)
      return { next: edited, text: edited.text === onDisk ? undefined : edited.text, left: [] }
    let text: string
    try {
      text = editConfig(onDisk, changes)
    } catch (error) {
      return { next: edited, text: undefined, left: problemsOf(error) }
    }
    const merged = parseConfig(text)
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
    reload: () => inTurn(reload),
    change: changes => inTurn(() => change(changes)),
  }
}

function movedWrites(from: Config, to: Config): Problem[] {
  return Object.entries(to.capabilities).flatMap(([name, capability]) => {
    const before = from.capabilities[name]
    if (before === undefined || before.writes === capability.writes) return []
    return [
      {
        path: `capabilities.${name}.writes`,
        message: `writes is changed only by cutover and rollback (served: ${before.writes}, file: ${capability.writes})`,
      },
    ]
  })
}

function checkEpoch(move: EpochChange, epochs: ReadonlyMap<string, number>): void {
  const seen = epochs.get(move.capability)
  if (move.epoch === undefined)
    throw new ToolkitError('EPOCH_MISSING', `a change of writes of ${move.capability} needs an epoch`, {
      hint: 'move the write owner with cutover or rollback',
    })
  if (seen !== undefined && move.epoch <= seen)
    throw new ToolkitError('EPOCH_STALE', `epoch ${move.epoch} of ${move.capability} is not above ${seen}`, {
      details: { capability: move.capability, epoch: move.epoch, seen },
      hint: 'somebody else has moved the write owner since: read the status first',
    })
}

function problemsOf(error: unknown): readonly Problem[] {
  if (error instanceof ToolkitError && Array.isArray(error.details.problems))
    return error.details.problems as Problem[]
  return [{ path: '', message: error instanceof Error ? error.message : String(error) }]
}
