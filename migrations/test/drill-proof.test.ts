import { createServer } from 'node:http'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from '@jest/globals'
import { listen } from '@strangler/kit/listen.ts'
import { type Outcome, prove } from '../src/drill/ledger.ts'
import { startLoad } from '../src/drill/load.ts'
import { createRandom } from '../src/drill/random.ts'

const told = (entries: Record<string, Outcome>) => new Map(Object.entries(entries))
const found = (entries: Record<string, number>) => new Map(Object.entries(entries))

test('acknowledged writes that stand once on both sides are proven', () => {
  const counts = { legacy: found({ a: 1, b: 1 }), extracted: found({ a: 1, b: 1 }) }
  expect(prove(told({ a: 'acknowledged', b: 'acknowledged' }), counts)).toEqual({
    acknowledged: 2,
    unknown: 0,
    unknownApplied: 0,
    lost: [],
    duplicated: [],
    apart: [],
  })
})

test('a write that one side lacks is lost, one that a side has twice is duplicated', () => {
  const counts = { legacy: found({ a: 1, c: 2 }), extracted: found({ c: 2 }) }
  const proof = prove(told({ a: 'acknowledged', b: 'acknowledged', c: 'acknowledged' }), counts)
  expect(proof).toMatchObject({ lost: ['a', 'b'], duplicated: ['c'], apart: ['a'] })
})

test('a write of unknown outcome may be there or not, never twice, never on one side alone', () => {
  const outcomes = told({ there: 'unknown', absent: 'unknown', twice: 'unknown', half: 'failed' })
  const counts = {
    legacy: found({ there: 1, twice: 2 }),
    extracted: found({ there: 1, twice: 2, half: 1 }),
  }
  expect(prove(outcomes, counts)).toMatchObject({
    acknowledged: 0,
    unknown: 3,
    unknownApplied: 2,
    lost: [],
    duplicated: ['twice'],
    apart: ['half'],
  })
})

test('the same seed gives the same drill', () => {
  const draw = (seed: number) => Array.from({ length: 5 }, createRandom(seed))
  expect(draw(7)).toEqual(draw(7))
  expect(draw(7)).not.toEqual(draw(8))
  for (const value of draw(1)) expect(value >= 0 && value < 1).toBe(true)
})

test('the load keeps its rate while answers are held, and keeps account of every outcome', async () => {
  let serial = 0
  const server = createServer(async (request, response) => {
    request.resume()
    const nth = serial++
    if (nth === 3) return request.socket.destroy()
    await delay(200)
    response.statusCode = nth === 5 ? 503 : 201
    return response.end('{}')
  })
  const { url, close } = await listen(server, 0, '127.0.0.1', 500)
  const writes = [
    {
      name: 'one',
      protocol: 'rest' as const,
      request: (subject: string, token: string) => ({
        method: 'POST',
        path: `/${subject}`,
        headers: {},
        body: token,
      }),
    },
  ]
  const load = startLoad(url, { writes }, ['1', '2'], { ratePerSecond: 100, seed: 1, prefix: 'drill x' })
  await delay(300)
  // 200 ms per answer: a load that waits for answers would have sent a few at most.
  expect(load.requests().total).toBeGreaterThan(15)
  await load.stop()
  await close()
  const outcomes = [...load.ledger.outcomes().values()]
  expect(outcomes).toHaveLength(load.requests().total)
  expect(outcomes.filter(outcome => outcome === 'unknown')).toHaveLength(1)
  expect(outcomes.filter(outcome => outcome === 'failed')).toHaveLength(1)
  expect(load.requests()).toMatchObject({ failed: 2, failures: expect.arrayContaining(['one: 503 {}']) })
})
