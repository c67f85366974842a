import { mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { request } from 'undici'
import { type BenchProcess, startLoad, startProcess } from '../../bench/src/load/bench-process.ts'
import type { LoadOrder } from '../../bench/src/load/load-order.ts'
import { median } from '../../bench/src/report/median.ts'

const root = join(import.meta.dirname, '../..')
const token = 'a-token-of-the-storm'
const seconds = Number(process.env.STRANGLER_STORM_SECONDS ?? 60)
const rate = Number(process.env.STRANGLER_STORM_RATE ?? 2_000)
const pauseMs = 100

const config = (url: string) => `version: 1
upstreams:
  legacy:    { url: "${url}" }
  extracted: { url: "${url}" }
default: legacy
expose: true
capabilities:
  customers:
    stage: legacy
    data: none
    canary: { percent: 10, key: "cookie:sid" }
    comparison: { sample: 0.01, noise: 0 }
    routes:
      - { rest: "GET /customers/{id}", effect: read,  legacy: legacy, extracted: extracted }
      - { rest: "POST /customers",     effect: write, legacy: legacy, extracted: extracted }
`

const requests = Array.from({ length: 64 }, (_, sid) =>
  sid % 4 === 0
    ? `POST /customers HTTP/1.1\r\nHost: shop\r\nCookie: sid=${sid}\r\nContent-Length: 2\r\n\r\n{}`
    : `GET /customers/${sid} HTTP/1.1\r\nHost: shop\r\nCookie: sid=${sid}\r\n\r\n`,
)

type Toggle = { stage: string; percent?: number }
const toggles: Toggle[] = [
  { stage: 'shadow' },
  { stage: 'canary', percent: 10 },
  { stage: 'canary', percent: 90 },
  { stage: 'extracted' },
  { stage: 'legacy' },
]

async function startStorm() {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-storm-'))
  const upstream = await startProcess(join(root, 'bench/src/peers/upstream-main.ts'), [])
  const file = join(folder, 'strangler.yaml')
  await writeFile(file, config(String(upstream.ready.url)))
  const proxy = await startProcess(
    join(root, 'strangler-proxy/src/main.ts'),
    ['proxy', '--config', file, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '2'],
    { STRANGLER_TOKEN: token },
    true,
    // A line for every toggle.
    'ignore',
  )
  const load = await startLoad()
  return {
    file,
    proxy,
    load,
    async [Symbol.asyncDispose]() {
      await Promise.all([load.close(), proxy.close()])
      await upstream.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}

async function toggle(proxy: BenchProcess, path: string, body: object): Promise<number> {
  const reply = await request(`${proxy.ready.adminUrl}${path}`, {
    method: 'POST',
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    body: JSON.stringify(body),
  })
  const answer = (await reply.body.json()) as { generation: number }
  expect([reply.statusCode, answer]).toEqual([200, expect.anything()])
  return answer.generation
}

/** The generation that a new connection, and so one worker after the other, is served by. */
async function servedGeneration(proxy: BenchProcess): Promise<number> {
  const reply = await request(`${proxy.ready.url}/customers/1`, { reset: true })
  await reply.body.dump()
  expect(reply.statusCode).toBe(200)
  return Number(reply.headers['strangler-generation'])
}

test(
  `${seconds} s of toggles under ${rate} requests/s lose no request, and each takes effect at once`,
  async () => {
    await using storm = await startStorm()
    const { proxy, load, file } = storm
    const order: LoadOrder = {
      port: Number(new URL(String(proxy.ready.url)).port),
      requests,
      connections: 64,
      warmupSeconds: 1,
      seconds,
      rate,
    }
    let ended = false
    const measured = load.run(order).finally(() => {
      ended = true
    })
    const effects: number[] = []
    let generation = 1
    for (let turn = 0; !ended; turn++) {
      const began = performance.now()
      const wanted = generation + 1
      const changing =
        turn % 10 === 9
          ? toggle(proxy, `/admin/generations/${generation - 1}/revert`, {})
          : toggle(proxy, '/admin/generations', {
              changes: [{ capability: 'customers', ...toggles[turn % toggles.length] }],
            })
      const seen = until(async () => (await servedGeneration(proxy)) >= wanted).then(
        () => performance.now() - began,
      )
      generation = await changing
      expect(generation).toBe(wanted)
      // Acknowledged means served by every worker: no reply may show an older one.
      for (let probe = 0; probe < 4; probe++) expect(await servedGeneration(proxy)).toBe(generation)
      effects.push(await seen)
      await new Promise(resolve => setTimeout(resolve, pauseMs))
    }
    const { errors, requests: answered, seconds: took, p50Ms, p99Ms } = await measured
    effects.sort((one, other) => one - other)
    const achieved = answered / took
    process.stderr.write(
      `toggle storm: ${effects.length} toggles, ${achieved.toFixed(0)} requests/s (p50 ${p50Ms.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms), ${errors} failed; effect of a toggle p50 ${median(effects).toFixed(1)} ms, p99 ${effects[Math.floor(effects.length * 0.99)]!.toFixed(1)} ms\n`,
    )
    expect(errors).toBe(0)
    // A machine that cannot carry the load says nothing about the effect under it.
    if (achieved > rate * 0.95) expect(median(effects)).toBeLessThan(100)

    const text = await readFile(file, 'utf8')
    const other = text.includes('stage: shadow') ? 'legacy' : 'shadow'
    await writeFile(`${file}.draft`, text.replace(/stage: \w+/, `stage: ${other}`))
    await rename(`${file}.draft`, file)
    await until(async () => (await servedGeneration(proxy)) === generation + 1)
  },
  (seconds + 120) * 1_000,
)

async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 30_000
  while (!(await check())) if (performance.now() > deadline) throw new Error('waited for 30 s')
}
