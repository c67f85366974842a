import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { prove } from '@strangler/demo/proof.ts'
import { startTraffic, type Traffic } from '@strangler/demo/traffic/start-traffic.ts'
import { switchVerbs } from '@strangler/migrations/cutover/switcher.ts'
import { request } from 'undici'
import { startTestSystem, type TestSystem } from '../src/test-system.ts'

const customers = 2_000
let shop: TestSystem
let traffic: Traffic

beforeAll(async () => {
  shop = await startTestSystem(process, customers)
  traffic = await startTraffic(shop.entryUrl, { ratePerSecond: 60, seed: 11, customers })
  await done(['run', 'customers', '--to', 'canary'])
  await done(['drill', 'customers', '--rate', '20', '--seconds', '2'])
}, 180_000)
afterAll(() => shop.stop(), 60_000)

/** Runs a verb until it is done; a comparison that has too few samples yet is given time to get them. */
async function done(args: string[]) {
  for (let tries = 0; ; tries++) {
    const result = await shop.cli(args)
    if (result.exit === 0) return result
    if (result.exit !== 3 || tries > 40)
      throw new Error(`strangler ${args.join(' ')}: exit ${result.exit} ${JSON.stringify(result.json)}`)
    await delay(500)
  }
}

type Status = { name: string; stage: string; writes: string; hold: unknown }

/** Asked of the engine itself: a command for each look would take most of the test's time. */
async function status(): Promise<Status> {
  const reply = await request(`http://127.0.0.1:${shop.system.ports.engine}/status`, {
    headers: { authorization: `Bearer ${shop.system.secrets.token}` },
  })
  const { capabilities } = (await reply.body.json()) as { capabilities: Status[] }
  return capabilities.find(({ name }) => name === 'customers')!
}

/** Asks for the verb with an order to die at that point; resolves once the engine is gone and another one answers. */
async function killEngineAt(action: 'cutover' | 'rollback', point: string): Promise<void> {
  const before = shop.system.supervisor.running().engine!.pid
  const reply = await request(
    `http://127.0.0.1:${shop.system.ports.engine}/capabilities/customers/${action}`,
    {
      method: 'POST',
      headers: { authorization: `Bearer ${shop.system.secrets.token}`, 'content-type': 'application/json' },
      body: JSON.stringify({ by: 'test', reason: `dies at ${point}`, fault: { killEngineAt: point } }),
    },
  )
  const text = await reply.body.text().catch(() => '')
  for (let waited = 0; shop.system.supervisor.running().engine!.pid === before; waited += 50) {
    if (waited > 15_000) throw new Error(`the engine did not die at ${point}: ${text}`)
    await delay(50)
  }
}

const points = ['begin', ...switchVerbs, 'finish'].flatMap(verb => [`${verb}.before`, `${verb}.after`])

for (const action of ['cutover', 'rollback'] as const) {
  test.each(points)(
    `an engine killed in ${action} at %s is finished or reverted by a rerun`,
    async point => {
      const start = action === 'cutover' ? 'legacy' : 'extracted'
      if ((await status()).writes !== start)
        await done(start === 'legacy' ? ['rollback', 'customers', '--reason', 'next'] : ['run', 'customers'])
      if (action === 'cutover') await done(['run', 'customers', '--to', 'canary'])
      await killEngineAt(action, `${action}.${point}`)
      await done(['run', 'customers', ...(action === 'cutover' ? [] : ['--to', 'canary'])])
      const now = await status()
      expect(now.hold).toBeNull()
      expect(['legacy', 'extracted']).toContain(now.writes)
      expect(now.stage === 'extracted').toBe(now.writes === 'extracted')
    },
    60_000,
  )
}

test('after all those kills no acknowledged write is lost or doubled, and both sides are equal', async () => {
  await traffic.stop()
  await delay(1_000)
  const verified = await shop.cli(['verify', 'customers'])
  expect(verified.exit).toBe(0)
  const proof = await prove(shop.system.adminUrl, traffic.ledger.expectation())
  expect(traffic.ledger.counts().acknowledged).toBeGreaterThan(500)
  expect({ proof, complaints: traffic.stats.complaints() }).toEqual({
    proof: {
      legacy: { lost: [], duplicated: [] },
      extracted: { lost: [], duplicated: [] },
      lost: 0,
      duplicated: 0,
    },
    complaints: [],
  })
}, 60_000)
