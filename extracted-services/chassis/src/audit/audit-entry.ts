import { createHash } from 'node:crypto'

/** What an action changed: a member of its subject from one value to another. */
export type Changes = Readonly<Record<string, { from: unknown; to: unknown }>>

export type AuditEntry = {
  /** What was acted on, such as `customer-42`. */
  readonly subject: string
  /** 1 for the first of its subject. */
  readonly number: number
  readonly action: string
  readonly actor: string
  readonly traceparent: string | null
  readonly changes: Changes
  /** ISO 8601 in UTC. */
  readonly at: string
  /** Of this entry and the one before it: who changes, removes or adds one later changes all that come after. */
  readonly hash: string
}

export type Action = Pick<AuditEntry, 'subject' | 'action' | 'actor' | 'traceparent' | 'changes' | 'at'>

export function nextEntry(previous: AuditEntry | undefined, told: Action): AuditEntry {
  const number = (previous?.number ?? 0) + 1
  // Written as it will be read back: a hash knows no other spelling of the same moment.
  const action = { ...told, at: new Date(told.at).toISOString() }
  return { ...action, number, hash: hashOf(previous?.hash ?? '', number, action) }
}

/** Whether all entries of a subject, in their order, are as they were written. */
export function isIntact(entries: readonly AuditEntry[]): boolean {
  return entries.every((entry, index) => {
    const { hash, number, ...action } = entry
    return number === index + 1 && hash === hashOf(entries[index - 1]?.hash ?? '', number, action)
  })
}

/** The members that are not the same in both; those of the domain are compared by what they look like as JSON. */
export function changesBetween(before: object | undefined, after: object): Changes {
  const [was, is] = [(before ?? {}) as Record<string, unknown>, after as Record<string, unknown>]
  return Object.fromEntries(
    Object.keys(is)
      .filter(name => JSON.stringify(was[name]) !== JSON.stringify(is[name]))
      .map(name => [name, { from: was[name] ?? null, to: is[name] ?? null }]),
  )
}

function hashOf(previous: string, number: number, action: Action): string {
  const { subject, action: name, actor, traceparent, changes, at } = action
  const text = JSON.stringify([previous, subject, number, name, actor, traceparent, changes, at])
  return createHash('sha256').update(text).digest('hex')
}
