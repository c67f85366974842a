import { expect, test } from '@jest/globals'
import { moveWriteOwner } from '../src/cutover/cutover.ts'
import { createDryRunSwitcher } from '../src/cutover/dry-run-switcher.ts'
import { cutoverDirection, rollbackDirection } from '../src/cutover/switcher.ts'

const { signal } = new AbortController()
const way = {
  window: signal,
  forward: signal,
  revert: async (failure: unknown) => {
    throw failure
  },
  ownerMoved: async () => false,
  reverseWithin: () => signal,
  alarm: () => {},
}

test('a dry run of a cutover says each thing that would happen, in order', async () => {
  const dry = createDryRunSwitcher('customers', cutoverDirection, 4, 2, ['CUST_MST', 'CUST_NOTE'])
  await moveWriteOwner(dry.verbs, way)
  expect(dry.sentences()).toEqual([
    'Prepare both sides, so that each can be fenced or opened at once.',
    'Hold new writes of customers at all 2 proxies, under epoch 4.',
    'Wait until the writes in flight have ended.',
    'Fence CUST_MST, CUST_NOTE on the legacy side against everybody but the applier.',
    'Wait until every transaction that began before the fence has ended.',
    "Read the legacy side's position.",
    'Write a fence row on the legacy side.',
    'Wait until the fence row and that position have been applied on the extracted side.',
    'Stop the sync legacy → extracted.',
    'Compare the rows that changed since the last verification.',
    "Create the sync extracted → legacy at the extracted side's position, stopped.",
    'Lift AUTO_INCREMENT on the extracted side past both sides.',
    'Write to the journal that the owner is extracted, epoch 4: the point of no return.',
    'Take the fence off the extracted side.',
    'Swap one generation at all 2 proxies: stage extracted, writes extracted.',
    'Start the sync extracted → legacy.',
    'See a canary row of the extracted side arrive on the legacy side.',
    'Release the held writes to the extracted side.',
    'Leave the lasting fence on the legacy side, and none on the extracted side.',
  ])
})

test('a dry run of a rollback tells the same story with the sides exchanged', async () => {
  const dry = createDryRunSwitcher('customers', rollbackDirection, 5, 1, ['customers'])
  await moveWriteOwner(dry.verbs, way)
  const story = dry.sentences().join('\n')
  expect(story).toContain('Fence customers on the extracted side')
  expect(story).toContain('stage legacy, writes legacy')
  expect(story).toContain('at the proxy, under epoch 5')
})
