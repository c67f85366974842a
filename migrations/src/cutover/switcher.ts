import type { Side } from '../journal/capability-state.ts'

/** Which way the owner moves. Rollback is cutover with the sides exchanged. */
export type Direction = {
  action: 'cutover' | 'rollback'
  /** The side that owns the writes now. */
  source: Side
  /** The side that shall own them. */
  target: Side
  /** What the routes serve afterwards. */
  stage: 'extracted' | 'legacy'
}

export const cutoverDirection: Direction = {
  action: 'cutover',
  source: 'legacy',
  target: 'extracted',
  stage: 'extracted',
}

/** Ends in stage `legacy`: all reads and writes with the monolith, as before the first canary; the percent is kept. */
export const rollbackDirection: Direction = {
  action: 'rollback',
  source: 'extracted',
  target: 'legacy',
  stage: 'legacy',
}

/** How long the held writes of one proxy had waited. */
export type HeldWrites = { released: number; expired: number; p50Ms: number; p99Ms: number; maxMs: number }

/** A position in the source's log, comparable only by the part that read it. */
export type Position = string

/**
 * Every verb that has an effect, in the order in which it happens; the way back (startReverse, confirmReverse) opens
 * beside the way in (openTarget, flipRoutes). Each is safe to repeat.
 * A verb ends when its effect is acknowledged, or throws; it stops early when `signal` aborts.
 */
export type Switcher = {
  /** What takes long and changes nothing yet: both sides can then be fenced and opened by one row each. */
  arm(signal: AbortSignal): Promise<void>
  /** Every proxy parks new writes. */
  hold(signal: AbortSignal): Promise<void>
  /** Waits until no write is in flight at any proxy. */
  drain(signal: AbortSignal): Promise<void>
  /** The source refuses everybody but the applier of the way back. */
  fence(signal: AbortSignal): Promise<void>
  /** Waits until every transaction that began before the fence is out. */
  barrier(signal: AbortSignal): Promise<void>
  /** Only now: no write can follow this position but the engine's own. */
  readPosition(signal: AbortSignal): Promise<Position>
  /** A row of the source that must come out at the target, through the pipe that carries the changes. */
  writeFenceRow(signal: AbortSignal): Promise<void>
  /** Waits until the fence row and the position have been applied. */
  catchUp(position: Position, signal: AbortSignal): Promise<void>
  /** Stops the sync source → target and waits for its acknowledgement. */
  stopSync(signal: AbortSignal): Promise<void>
  /** Compares the rows that changed since the last full verification. */
  verifyChanged(signal: AbortSignal): Promise<void>
  /** Creates the sync target → source at the target's position, stopped; the journal keeps the position for a rerun. */
  prepareReverse(signal: AbortSignal): Promise<Position>
  /** Lets the target hand out keys that neither side has handed out before. */
  liftAutoIncrement(signal: AbortSignal): Promise<void>
  /** Owner and epoch change by compare-and-set. */
  journalOwner(signal: AbortSignal): Promise<void>
  /** The target accepts writes. */
  openTarget(signal: AbortSignal): Promise<void>
  /** One generation at every proxy; one that stays silent is waited out by its lease. */
  flipRoutes(signal: AbortSignal): Promise<void>
  /** Starts the sync target → source. */
  startReverse(signal: AbortSignal): Promise<void>
  /** Sees a canary row of the target arrive at the source. */
  confirmReverse(signal: AbortSignal): Promise<void>
  /** The held writes go to the owner of the current generation. */
  release(signal: AbortSignal): Promise<HeldWrites[]>
  /** The lasting fence stands on the source, none on the target; what `arm` put up is gone. */
  disarm(signal: AbortSignal): Promise<void>
}

/** What takes a verb back, as long as the owner has not moved. */
export type Undo = {
  dropReverse(signal: AbortSignal): Promise<void>
  resumeSync(signal: AbortSignal): Promise<void>
  unfence(signal: AbortSignal): Promise<void>
  releaseBack(signal: AbortSignal): Promise<HeldWrites[]>
  disarmBack(signal: AbortSignal): Promise<void>
}

export const switchVerbs = [
  'arm',
  'hold',
  'drain',
  'fence',
  'barrier',
  'readPosition',
  'writeFenceRow',
  'catchUp',
  'stopSync',
  'verifyChanged',
  'prepareReverse',
  'liftAutoIncrement',
  'journalOwner',
  'openTarget',
  'flipRoutes',
  'startReverse',
  'confirmReverse',
  'release',
  'disarm',
] as const satisfies readonly (keyof Switcher)[]

export const undoVerbs = [
  'dropReverse',
  'resumeSync',
  'unfence',
  'releaseBack',
  'disarmBack',
] as const satisfies readonly (keyof Undo)[]

export type SwitchVerb = (typeof switchVerbs)[number]
export type UndoVerb = (typeof undoVerbs)[number]

/** The verbs that leave something standing, and what takes it away again. The others need no undoing. */
export const undoOf: Partial<Record<SwitchVerb, UndoVerb>> = {
  arm: 'disarmBack',
  hold: 'releaseBack',
  fence: 'unfence',
  stopSync: 'resumeSync',
  prepareReverse: 'dropReverse',
}
