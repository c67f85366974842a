import { afterEach, beforeEach, expect, test } from '@jest/globals'
import { plan } from '../plans/customers.ts'
import type { SwitchParts } from '../src/cutover/switch-parts.ts'
import { createCanaryWatch } from '../src/operator/canary-watch.ts'
import { createProxyAdmin } from '../src/operator/proxy-admin.ts'
import { fakeProxy } from './proxy-kit.ts'

const signal = new AbortController().signal
const state = { stage: 'canary', diverged: 0, running: true, lagMs: 0, parked: 0 }
let server: Awaited<ReturnType<typeof fakeProxy>>
let parts: SwitchParts

beforeEach(async () => {
  Object.assign(state, { stage: 'canary', diverged: 0, running: true, lagMs: 0, parked: 0 })
  server = await fakeProxy(({ url, body }) => {
    if (url === '/admin/generations') {
      Object.assign(state, (body as { changes: object[] }).changes[0])
      return { body: { generation: 2, hash: 'x' } }
    }
    const comparison = {
      ...{ samples: 1_000, matched: 1_000 - state.diverged, ignored: 0, diverged: state.diverged },
      ...{ errors: 0, noise: 0, noiseSamples: 0, verdict: state.diverged > 0 ? 'fail' : 'pass', why: '' },
      ...{ divergence: { share: 0, low: 0, high: 0 }, routes: [], divergences: [] },
    }
    if (url?.includes('/comparisons/')) return { body: comparison }
    const capability = { name: 'customers', stage: state.stage, writes: 'legacy', percent: 10, hold: null }
    return { body: { generation: 1, hash: 'x', problems: [], capabilities: [{ ...capability, comparison }] } }
  })
  const status = () => ({ ...state, positionsBehind: 0, error: null })
  parts = {
    proxies: [createProxyAdmin(server.url, 'token')],
    syncs: { current: () => ({ sync: { status } }) },
  } as unknown as SwitchParts
})
afterEach(async () => {
  await parts.proxies[0]!.close()
  await server.close()
})

const codes = async (watch: ReturnType<typeof createCanaryWatch>) =>
  (await watch.breach(plan, signal)).map(({ code }) => code)

test('a canary in order is left alone; a divergence ends it at the first look', async () => {
  const watch = createCanaryWatch(parts)
  expect(await codes(watch)).toEqual([])
  state.diverged = 30
  expect(await codes(watch)).toEqual(['COMPARISON_FAILED'])
  await watch.stepBack(plan, 'the engine', 'diverged', signal)
  expect(state.stage).toBe('shadow')
  expect(await codes(watch)).toEqual([])
})

test('a lag is a breach when it lasts, a parked change at once', async () => {
  const watch = createCanaryWatch(parts)
  state.lagMs = 60_000
  expect(await codes(watch)).toEqual([])
  expect(await codes(watch)).toEqual([])
  expect(await codes(watch)).toEqual(['LAG_TOO_HIGH'])
  state.lagMs = 0
  expect(await codes(watch)).toEqual([])
  state.parked = 1
  expect(await codes(watch)).toEqual(['CHANGES_PARKED'])
})
