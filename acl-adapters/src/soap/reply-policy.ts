import type { Log } from '@strangler/kit/log.ts'
import type { ReplyPolicy } from './soap-client.ts'

/** Refuses what the contract does not have, or drops it and says in the log what and where. */
export function replyPolicy(dropUnknown: boolean, log: Log): ReplyPolicy {
  return {
    unknown: dropUnknown ? 'drop' : 'refuse',
    warn: (operation, warnings) => {
      const [first] = warnings
      log.warn(
        { operation, count: warnings.length, path: first?.path, reason: first?.message },
        'a reply is not quite of its schema',
      )
    },
  }
}
