import { expect, test } from '@jest/globals'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import { setStage } from '../src/operator/set-stage.ts'
import type { Plan } from '../src/plan/plan.ts'
import { memoryJournal, testOrder } from './cutover-kit.ts'
import { fakeProxy } from './proxy-kit.ts'

async function ask(wanted: Parameters<typeof setStage>[2], phase: 'syncing' | 'planned') {
  const capability = { name: 'customers', stage: 'canary', writes: 'legacy', percent: 10, hold: null }
  const server = await fakeProxy(() => ({ body: { generation: 2, capabilities: [capability] } }))
  const proxy = createProxyAdmin(server.url, 'token')
  const journal = memoryJournal()
  journal.state.phase = phase
  const parts = { ...journal.parts, proxies: [proxy] } as unknown as SwitchParts
  const answer = await setStage(parts, { capability: 'customers' } as Plan, wanted, testOrder())
  await proxy.close()
  await server.close()
  return { ...answer, swaps: server.seen.filter(({ url }) => url === '/admin/generations').length }
}

test('a dry run says what would be served, and changes nothing', async () => {
  const { result, exit, swaps } = await ask({ stage: 'canary', percent: 50, dryRun: true }, 'syncing')
  expect([exit, swaps, result.dryRun]).toEqual([0, 0, true])
  expect(result.steps).toEqual([
    'Swap one generation at the proxy: customers from canary 10 % to canary 50 %.',
  ])
})

test('a dry run names what would be refused', async () => {
  const { result, exit, swaps } = await ask({ stage: 'shadow', dryRun: true }, 'planned')
  expect([exit, swaps]).toEqual([3, 0])
  expect(result).toMatchObject({ dryRun: true, refusals: [{ code: 'COPY_INCOMPLETE' }] })
})

test('without it the routes are swapped', async () => {
  const { exit, swaps } = await ask({ stage: 'shadow' }, 'syncing')
  expect([exit, swaps]).toEqual([0, 1])
})
