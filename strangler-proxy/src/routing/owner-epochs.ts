import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Side } from '../config/config-schema.ts'
import type { OwnerEpoch } from './generation-history.ts'

/** A move of the write owner that was asked for. */
export type OwnerMove = { capability: string; writes: Side; epoch?: number | undefined }

/**
 * Refuses a move whose epoch has been overtaken. The same move asked again is let through: whoever asks may not
 * have heard the answer.
 * @throws ToolkitError EPOCH_MISSING, EPOCH_STALE
 */
export function checkEpoch(move: OwnerMove, seen: OwnerEpoch | undefined): OwnerEpoch {
  const { capability, writes, epoch } = move
  if (epoch === undefined)
    throw new ToolkitError('EPOCH_MISSING', `a change of writes of ${capability} needs an epoch`, {
      hint: 'move the write owner with cutover or rollback',
    })
  const repeated = seen !== undefined && epoch === seen.epoch && writes === seen.writes
  if (seen !== undefined && epoch <= seen.epoch && !repeated)
    throw new ToolkitError('EPOCH_STALE', `epoch ${epoch} of ${capability} is not above ${seen.epoch}`, {
      details: { capability, epoch, seen: seen.epoch },
      hint: 'somebody else has moved the write owner since: read the status first. Where the databases and the journal were begun anew, remove the history of generations in .strangler beside the configuration as well',
    })
  return { epoch, writes }
}
