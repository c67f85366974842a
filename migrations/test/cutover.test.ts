import { expect, test } from '@jest/globals'
import { moveWriteOwner, rollForward } from '../src/cutover/cutover.ts'
import { performRun, takeBackAll } from '../src/cutover/perform-run.ts'
import { cutoverDirection, rollbackDirection, switchVerbs } from '../src/cutover/switcher.ts'
import { memoryJournal, planned, recordingSwitcher, run, testOrder } from './cutover-kit.ts'

const inOrder = switchVerbs.map(verb => (verb === 'catchUp' ? 'catchUp 0-1-7' : verb))
const wayIn = ['openTarget', 'flipRoutes']
const wayBack = ['startReverse', 'confirmReverse']
const afterOwner = [...wayIn, ...wayBack, 'release', 'disarm']

/** Up to the owner's move one after the other; then the way in and the way back, each in order; then the release. */
function expectOrder(calls: readonly string[]): void {
  expect(calls.filter(call => !afterOwner.includes(call))).toEqual(
    inOrder.filter(verb => !afterOwner.includes(verb)),
  )
  expect(calls.filter(call => wayIn.includes(call))).toEqual(wayIn)
  expect(calls.filter(call => wayBack.includes(call))).toEqual(wayBack)
  expect(calls.slice(-6).toSorted()).toEqual(afterOwner.toSorted())
  expect(calls.slice(-2)).toEqual(['release', 'disarm'])
}
const beforeOwner = switchVerbs.slice(0, switchVerbs.indexOf('journalOwner') + 1)

function cutOver(
  recording = recordingSwitcher(),
  journal = memoryJournal(),
  direction = cutoverDirection,
  order = testOrder(),
) {
  const { live } = recording
  return performRun(journal.parts, { direction, order, run, live }, moveWriteOwner)
}

test('every verb happens once, in order, and each is journaled before and after', async () => {
  const recording = recordingSwitcher()
  const journal = memoryJournal()
  const result = await cutOver(recording, journal)
  expectOrder(recording.calls)
  expect(recording.calls).toHaveLength(switchVerbs.length)
  for (const verb of switchVerbs)
    expect(journal.entries.filter(entry => entry.verb === verb).map(({ moment }) => moment)).toEqual([
      'before',
      'after',
    ])
  expect(result).toMatchObject({
    action: 'cutover',
    owner: 'extracted',
    stage: 'extracted',
    reversible: true,
    hold: { p50Ms: 10, p99Ms: 20, maxMs: 30, released: 3 },
  })
  expect(journal.state.phase).toBe('syncing')
})

test('rollback is the same function: only the sides are exchanged', async () => {
  const recording = recordingSwitcher()
  const result = await cutOver(recording, memoryJournal(), rollbackDirection)
  expectOrder(recording.calls)
  expect(result).toMatchObject({ action: 'rollback', owner: 'legacy', stage: 'legacy' })
})

test('the position of the way back is in the journal before the owner moves', async () => {
  const journal = memoryJournal()
  await cutOver(recordingSwitcher(), journal)
  const at = (verb: string, moment: string) =>
    journal.entries.findIndex(entry => entry.verb === verb && entry.moment === moment)
  expect(journal.entries[at('prepareReverse', 'after')]!.details).toMatchObject({ result: '0-1-9' })
  expect(at('prepareReverse', 'after')).toBeLessThan(at('journalOwner', 'before'))
})

const undone: Record<string, string[]> = {
  arm: ['disarmBack'],
  hold: ['releaseBack', 'disarmBack'],
  drain: ['releaseBack', 'disarmBack'],
  fence: ['unfence', 'releaseBack', 'disarmBack'],
  barrier: ['unfence', 'releaseBack', 'disarmBack'],
  readPosition: ['unfence', 'releaseBack', 'disarmBack'],
  writeFenceRow: ['unfence', 'releaseBack', 'disarmBack'],
  catchUp: ['unfence', 'releaseBack', 'disarmBack'],
  stopSync: ['resumeSync', 'unfence', 'releaseBack', 'disarmBack'],
  verifyChanged: ['resumeSync', 'unfence', 'releaseBack', 'disarmBack'],
  prepareReverse: ['dropReverse', 'resumeSync', 'unfence', 'releaseBack', 'disarmBack'],
  liftAutoIncrement: ['dropReverse', 'resumeSync', 'unfence', 'releaseBack', 'disarmBack'],
  journalOwner: ['dropReverse', 'resumeSync', 'unfence', 'releaseBack', 'disarmBack'],
}

test.each(beforeOwner)('a failure of %s takes everything back, newest first, and says why', async verb => {
  const recording = recordingSwitcher(name => (name === verb ? planned(verb) : undefined))
  const journal = memoryJournal()
  await expect(cutOver(recording, journal)).rejects.toMatchObject({ code: 'PLANNED' })
  const begun = inOrder.slice(0, switchVerbs.indexOf(verb) + 1)
  expect(recording.calls).toEqual([...begun, ...undone[verb]!])
  expect(journal.state).toMatchObject({ owner: 'legacy', epoch: 1, phase: 'syncing' })
})

test('a failure to take something back does not stop the rest, and leaves the run to be repeated', async () => {
  const recording = recordingSwitcher(name =>
    name === 'verifyChanged' || name === 'unfence' ? planned(name) : undefined,
  )
  const journal = memoryJournal()
  await expect(cutOver(recording, journal)).rejects.toMatchObject({ code: 'REVERT_INCOMPLETE' })
  expect(recording.calls.slice(-4)).toEqual(['resumeSync', 'unfence', 'releaseBack', 'disarmBack'])
  expect(journal.state.phase).toBe('switching')
})

test('what makes a run fail cannot cancel its revert', async () => {
  const recording = recordingSwitcher()
  const signals: boolean[] = []
  recording.live.undo.unfence = async signal => {
    signals.push(signal.aborted)
  }
  recording.live.verbs.catchUp = async (_position, signal) => {
    recording.lost.abort(planned('the hold was lost'))
    signal.throwIfAborted()
  }
  await expect(cutOver(recording)).rejects.toMatchObject({ code: 'PLANNED' })
  expect(signals).toEqual([false])
})

test('an owner that moved although its verb failed is carried forward, never back', async () => {
  const journal = memoryJournal()
  const recording = recordingSwitcher()
  recording.live.verbs.journalOwner = async () => {
    await journal.parts.journal.moveOwner(testOrder().lease, run, journal.state, 'extracted')
    throw planned('the answer was lost')
  }
  const result = await cutOver(recording, journal)
  expect(result.owner).toBe('extracted')
  expect(recording.calls.slice(-6).toSorted()).toEqual(afterOwner.toSorted())
  expect(recording.calls.slice(-2)).toEqual(['release', 'disarm'])
})

test('past the point of no return a verb that fails is tried again', async () => {
  const recording = recordingSwitcher((verb, nth) =>
    verb === 'openTarget' && nth < 3 ? planned(verb) : undefined,
  )
  const journal = memoryJournal()
  await cutOver(recording, journal)
  expect(recording.calls.filter(call => call === 'openTarget')).toHaveLength(3)
  expect(recording.calls.some(call => call === 'unfence' || call === 'releaseBack')).toBe(false)
  expect(journal.state.phase).toBe('syncing')
})

test.each(['startReverse', 'confirmReverse'])(
  'when %s fails the held writes are released all the same, and an alarm says that no way leads back',
  async verb => {
    const recording = recordingSwitcher(name => (name === verb ? planned(name) : undefined))
    const journal = memoryJournal()
    const result = await cutOver(recording, journal)
    expect(recording.calls.slice(-2)).toEqual(['release', 'disarm'])
    expect(result.reversible).toBe(false)
    expect(result.alarms).toEqual([expect.stringContaining('switched, not reversible')])
    expect(journal.state.phase).toBe('irreversible')
  },
)

test('a rerun past the point of no return does only what comes after it', async () => {
  const recording = recordingSwitcher()
  const journal = memoryJournal()
  const { live } = recording
  await performRun(journal.parts, { direction: cutoverDirection, order: testOrder(), run, live }, rollForward)
  expect(recording.calls.toSorted()).toEqual(afterOwner.toSorted())
  expect(recording.calls.slice(-2)).toEqual(['release', 'disarm'])
})

test('a rerun before it takes back whatever there may be', async () => {
  const recording = recordingSwitcher()
  const journal = memoryJournal()
  await takeBackAll(journal.parts, { order: testOrder(), run, live: recording.live })
  expect(recording.calls).toEqual(['dropReverse', 'resumeSync', 'unfence', 'releaseBack', 'disarmBack'])
  expect(journal.state.phase).toBe('syncing')
})

test('a holder that lost its lease touches nothing more', async () => {
  const lost = new AbortController()
  const recording = recordingSwitcher()
  recording.live.verbs.fence = async signal => {
    lost.abort(planned('the lease was lost'))
    signal.throwIfAborted()
  }
  const order = testOrder({ signal: lost.signal })
  order.lease.lost = lost.signal
  await expect(cutOver(recording, memoryJournal(), cutoverDirection, order)).rejects.toMatchObject({
    code: 'PLANNED',
  })
  expect(recording.calls).toEqual(['arm', 'hold', 'drain'])
})
