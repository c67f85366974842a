/** Where a row or a request is served. */
export type Side = 'legacy' | 'extracted'

/**
 * How far a capability's data has come.
 * planned → copying → syncing; during a cutover or rollback: syncing → switching → (point of no return) switched → syncing.
 * irreversible: the owner moved, yet no sync leads back; an alarm until it does. retired: the end; nothing is synced any more.
 */
export type Phase = 'planned' | 'copying' | 'syncing' | 'switching' | 'switched' | 'irreversible' | 'retired'

/** The authoritative row of a capability: who owns the writes, and what is under way. */
export type CapabilityState = {
  capability: string
  owner: Side
  /** Grows with each change of owner. */
  epoch: number
  /** The highest epoch ever given to a run, reverted ones included. */
  epochSeen: number
  phase: Phase
  /** The cutover or rollback in progress. */
  run: string | null
}

/** The other side. */
export function opposite(side: Side): Side {
  return side === 'legacy' ? 'extracted' : 'legacy'
}

/** Whether a cutover or rollback has begun and not ended: only its own rerun may go on. */
export function isInterrupted(state: CapabilityState): boolean {
  return state.phase === 'switching' || state.phase === 'switched'
}
