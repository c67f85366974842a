import { expect, test } from '@jest/globals'
import { moveWriteOwner } from '../src/cutover/cutover.ts'
import { failPoints, killAt } from '../src/cutover/fail-points.ts'
import { performRun } from '../src/cutover/perform-run.ts'
import { cutoverDirection, switchVerbs } from '../src/cutover/switcher.ts'
import { memoryJournal, planned, recordingSwitcher, run, testOrder } from './cutover-kit.ts'

test('every verb of a cutover can be killed before and after it', async () => {
  const reached: string[] = []
  const order = testOrder({ failPoint: name => reached.push(name) })
  const { live } = recordingSwitcher()
  await performRun(memoryJournal().parts, { direction: cutoverDirection, order, run, live }, moveWriteOwner)
  const expected = [...switchVerbs, 'finish'].flatMap(verb => [
    `cutover.${verb}.before`,
    `cutover.${verb}.after`,
  ])
  expect(reached.toSorted()).toEqual(expected.toSorted())
  expect(failPoints).toEqual(expect.arrayContaining(expected))
})

test('every verb of a revert can be killed too', async () => {
  const reached: string[] = []
  const order = testOrder({ failPoint: name => reached.push(name) })
  const { live } = recordingSwitcher(verb => (verb === 'journalOwner' ? planned(verb) : undefined))
  const done = performRun(
    memoryJournal().parts,
    { direction: cutoverDirection, order, run, live },
    moveWriteOwner,
  )
  await expect(done).rejects.toMatchObject({ code: 'PLANNED' })
  expect(failPoints).toEqual(expect.arrayContaining(reached))
  expect(reached).toEqual(expect.arrayContaining(['cutover.unfence.before', 'cutover.releaseBack.after']))
})

test('the engine dies at the named point and at no other', () => {
  let killed = 0
  const reach = killAt('rollback.fence.after', true, () => killed++)
  reach('rollback.fence.before')
  reach('cutover.fence.after')
  expect(killed).toBe(0)
  reach('rollback.fence.after')
  expect(killed).toBe(1)
})

test('faults are refused where they are not allowed, and unknown ones are told the names', () => {
  expect(() => killAt('cutover.fence.before', false, () => {})).toThrow(
    expect.objectContaining({ code: 'FAULTS_OFF' }),
  )
  expect(() => killAt('cutover.nap.before', true, () => {})).toThrow(
    expect.objectContaining({ code: 'FAULT_UNKNOWN', details: { failPoints } }),
  )
})
