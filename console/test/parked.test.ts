import { expect, test } from '@jest/globals'
import { json, startFake, stateFolder, strangler } from './fake-system.ts'

const parked = [
  {
    id: 7,
    table: 'legacy_shop.CUST_MST',
    attempts: 3,
    parkedAt: '2026-01-02',
    code: 'ROW_UNMAPPABLE',
    message: '"X" is not a STAT_CD',
  },
]

async function against(document: unknown, ...args: string[]) {
  await using engine = await startFake(json(document))
  await using system = await stateFolder({ engine: { url: engine.url } })
  const ran = await strangler(system.folder, ['parked', 'customers', ...args])
  return { ...ran, asked: engine.asked.at(-1) }
}

test('parked changes are shown with why, and with what to type', async () => {
  const ran = await against(parked)
  expect(ran.asked).toMatchObject({ method: 'GET', path: '/sync/customers/parked' })
  expect(ran).toMatchObject({ exit: 0, stdout: expect.stringContaining('ROW_UNMAPPABLE') })
  expect(ran.stdout).toContain('--skip 7')
  expect((await against([])).stdout).toContain('no change is parked')
  expect(JSON.parse((await against(parked, '--json')).stdout)).toEqual(parked)
})

test('one is left out, or all are tried again, for a reason', async () => {
  const sync = { running: true, parked: 0, positionsBehind: 2 }
  const skipped = await against(sync, '--skip', '7', '--reason', 'a test row')
  expect(skipped.asked).toMatchObject({
    method: 'POST',
    path: '/sync/customers/parked/7/skip',
    body: { by: 'ada', reason: 'a test row' },
  })
  expect(skipped).toMatchObject({ exit: 0, stdout: expect.stringContaining('the sync runs') })
  const retried = await against({ running: false }, '--retry', '--reason', 'mended')
  expect(retried.asked).toMatchObject({ path: '/sync/customers/retry' })
  expect(retried).toMatchObject({ exit: 1, stdout: expect.stringContaining('does not run') })
})

test.each([[['--retry']], [['--skip', '0', '--reason', 'x']], [['--retry', '--skip', '7', '--reason', 'x']]])(
  '%p is bad usage, and asks nothing',
  async args => {
    const ran = await against({}, ...args)
    expect(ran.exit).toBe(2)
    expect(ran.asked).toBeUndefined()
  },
)
