import { removeExpiredKeys } from '../idempotency/idempotency-store.ts'
import { forgetProcessed, inboxRetentionMs } from '../inbox/process-once.ts'
import { removeOldMessages } from '../message-log/message-log.ts'
import type { CleanUp } from './run-clean-ups.ts'

const day = 24 * 3_600_000

/** Processed messages are remembered longer than the log keeps any, so that none comes back as a new one. */
export const inboxCleanUp: CleanUp = {
  name: 'inbox',
  keepMs: inboxRetentionMs,
  remove: forgetProcessed,
}

/** Longer than any caller keeps on retrying. */
export const idempotencyCleanUp: CleanUp = {
  name: 'idempotency-keys',
  keepMs: 7 * day,
  remove: removeExpiredKeys,
}

/** How long a consumer may be away without missing a message. */
export const messageLogCleanUp: CleanUp = {
  name: 'message-log',
  keepMs: 5 * day,
  remove: removeOldMessages,
}
