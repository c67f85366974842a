import { expect, test } from '@jest/globals'
import { type AuditEntry, findBreak, firstHash, hashOf } from '../src/journal/audit.ts'

function chain(length: number): AuditEntry[] {
  const entries: AuditEntry[] = []
  for (let seq = 1; seq <= length; seq++) {
    const body = {
      seq,
      at: '2026-01-01T00:00:00.000Z',
      operator: 'ann',
      verb: 'stage',
      capability: 'customers',
      reason: `reason ${seq}`,
      details: { percent: seq },
      previous: entries.at(-1)?.hash ?? firstHash,
    }
    entries.push({ ...body, hash: hashOf(body) })
  }
  return entries
}

const headOf = (entries: readonly AuditEntry[]) => ({
  seq: entries.at(-1)?.seq ?? 0,
  hash: entries.at(-1)?.hash ?? firstHash,
})

test('a whole chain is sound, and so is an empty one', () => {
  expect(findBreak(chain(5), headOf(chain(5)))).toBeUndefined()
  expect(findBreak([], headOf([]))).toBeUndefined()
})

test('an edited entry is found, even when its own hash was made anew', () => {
  const entries = chain(5)
  const edited = { ...entries[2]!, reason: 'another reason' }
  expect(findBreak(entries.with(2, edited), headOf(entries))).toEqual({ seq: 3, reason: 'changed' })
  const rehashed = { ...edited, hash: hashOf(edited) }
  expect(findBreak(entries.with(2, rehashed), headOf(entries))).toEqual({ seq: 4, reason: 'changed' })
})

test('an entry taken out, moved or cut off the end is found', () => {
  const entries = chain(5)
  expect(findBreak(entries.toSpliced(1, 1), headOf(entries))).toEqual({ seq: 2, reason: 'missing' })
  expect(findBreak([entries[1]!, entries[0]!], headOf(entries))).toEqual({ seq: 1, reason: 'missing' })
  expect(findBreak(entries.slice(0, 3), headOf(entries))).toEqual({ seq: 4, reason: 'cut off' })
})
