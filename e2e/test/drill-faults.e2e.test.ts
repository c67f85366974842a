import { setTimeout as delay } from 'node:timers/promises'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { startTestSystem, type TestSystem } from '../src/test-system.ts'

const customers = 1_200
let shop: TestSystem
const stopReading = new AbortController()
let reading: Promise<void>

beforeAll(async () => {
  shop = await startTestSystem(process, customers)
  reading = readOn(stopReading.signal)
  await done(['run', 'customers', '--to', 'shadow'])
}, 180_000)
afterAll(async () => {
  stopReading.abort()
  await reading
  await shop.stop()
}, 60_000)

/** Reads of one customer after the other, so that comparisons have samples; what fails meanwhile is not looked at. */
async function readOn(signal: AbortSignal): Promise<void> {
  for (let id = 1; !signal.aborted; id = (id % customers) + 1) {
    const reply = await fetch(`${shop.entryUrl}/customers/${id}`).catch(() => undefined)
    await reply?.arrayBuffer().catch(() => {})
    await delay(5)
  }
}

/** Asks until it is no longer refused: a system that has just been broken needs a moment. */
async function done(args: string[], exits: readonly number[] = [0]) {
  for (let tries = 0; ; tries++) {
    const result = await shop.cli(args)
    if (exits.includes(result.exit)) return result
    if (result.exit !== 3 || tries > 40)
      throw new Error(`strangler ${args.join(' ')}: exit ${result.exit} ${JSON.stringify(result.json)}`)
    await delay(500)
  }
}

async function writesOf(capability: string): Promise<string> {
  const { json } = await shop.cli(['status'])
  return (json.capabilities as { name: string; writes: string }[]).find(({ name }) => name === capability)!
    .writes
}

test('the plan answers for everybody who writes customers; nothing of the look is left', async () => {
  const { json, exit } = await shop.cli(['writers', 'customers', '--seconds', '2'])
  expect([exit, json.refusals]).toEqual([0, []])
  expect(json.possible).toContain('nightly')
}, 60_000)

test.each([
  ['kill-service@cutover.flipRoutes.before', 'customers was killed and came back'],
  ['kill-sync@cutover.catchUp.before', 'connections of the sync were cut'],
  ['cut-network@cutover.drain.after', 'the network was cut for 1000 ms'],
  ['stray-writer@cutover.arm.before', 'refused by the fence'],
])(
  'a drill with %s loses nothing, doubles nothing and keeps each order',
  async (fault, outcome) => {
    const args = ['drill', 'customers', '--rate', '25', '--seconds', '3', '--seed', '5', '--fault', fault]
    const { json } = await done(args)
    expect(json).toMatchObject({
      ok: true,
      writes: { lost: 0, duplicated: 0 },
      order: { broken: 0 },
      reads: { stale: 0 },
      fault: { outcome: expect.stringContaining(outcome) },
      findings: [],
    })
    expect((json.writes as { acknowledged: number }).acknowledged).toBeGreaterThan(20)
  },
  150_000,
)

test('a cutover that named an alarm is taken back by the engine when the service fails', async () => {
  await done(['drill', 'customers', '--rate', '20', '--seconds', '2'])
  await done(['cutover', 'customers', '--auto-rollback-on', 'error-rate>5%', '--reason', 'with a net'])
  expect(await writesOf('customers')).toBe('extracted')
  await shop.system.supervisor.stop('customers')
  for (let waited = 0; (await writesOf('customers')) !== 'legacy'; waited += 1_000) {
    expect(waited).toBeLessThan(60_000)
    await delay(1_000)
  }
  const { json } = await shop.cli(['audit', '--limit', '6'])
  const entries = (Array.isArray(json) ? json : (json.entries as unknown[])) as Record<string, unknown>[]
  expect(entries).toContainEqual(
    expect.objectContaining({
      operator: 'the engine',
      verb: 'rollback',
      reason: expect.stringMatching(/^\d+ of \d+ requests of customers failed within \d+ s: .* > 5 %$/),
    }),
  )
}, 150_000)
