import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import { createLog } from '@strangler/kit/log.ts'
import { holdProxies } from '@strangler/migrations/cutover/hold-proxies.ts'
import { changeRoutes, compareLive, routedAs } from '@strangler/migrations/operator/proxies.ts'
import { createProxyAdmin, type ProxyAdmin } from '@strangler/migrations/operator/proxy-admin.ts'
import { Pool } from 'undici'
import { type BenchProcess, startProcess } from '../../bench/src/load/bench-process.ts'

const proxyMain = join(import.meta.dirname, '../../strangler-proxy/src/main.ts')
const token = 'a-token-of-several-proxies'
const never = new AbortController().signal

const config = (legacy: string, extracted: string) => `version: 1
upstreams:
  legacy:    { url: "${legacy}" }
  extracted: { url: "${extracted}" }
default: legacy
expose: true
capabilities:
  customers:
    stage: shadow
    writes: legacy
    canary: { percent: 10, key: "cookie:sid" }
    comparison: { noise: 0, minSamples: 1 }
    routes:
      - { rest: "GET /customers/{id}", effect: read,  legacy: legacy, extracted: extracted }
      - { rest: "POST /customers",     effect: write, legacy: legacy, extracted: extracted }
`

/** Keeps the numbers of the writes that it has answered. */
async function startSide() {
  const writes: number[] = []
  const server = createServer(async (request, response) => {
    const body = await text(request)
    if (request.method === 'POST') writes.push(Number(body))
    response.writeHead(200, { 'content-type': 'application/json' }).end('{"ok":true}')
  })
  const listening = await listen(server, 0, '127.0.0.1', 0)
  return { writes, ...listening }
}

/** The engine's hand on two proxies of two workers each. */
async function setUp() {
  const [legacy, extracted] = await Promise.all([startSide(), startSide()])
  const folder = await mkdtemp(join(tmpdir(), 'strangler-several-'))
  const processes: BenchProcess[] = []
  for (const name of ['one', 'two']) {
    const file = join(folder, `${name}.yaml`)
    await writeFile(file, config(legacy.url, extracted.url))
    const args = ['--config', file, '--listen', '127.0.0.1:0', '--admin', '127.0.0.1:0', '--workers', '2']
    processes.push(
      await startProcess(proxyMain, ['proxy', ...args], { STRANGLER_TOKEN: token }, true, 'ignore'),
    )
  }
  const admins: ProxyAdmin[] = processes.map(({ ready }) => createProxyAdmin(String(ready.adminUrl), token))
  return {
    legacy,
    extracted,
    admins,
    urls: processes.map(({ ready }) => String(ready.url)),
    async [Symbol.asyncDispose]() {
      await Promise.all(admins.map(admin => admin.close()))
      await Promise.all(processes.map(one => one.close()))
      await Promise.all([legacy.close(), extracted.close()])
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** Writers that number their writes and note which were acknowledged, over connections that stay and ones that do not. */
function startWriters(urls: readonly string[]) {
  let running = true
  let sequence = 0
  const acknowledged: number[] = []
  const failed: number[] = []
  const writers = urls.flatMap(url =>
    [false, true, false, true].map(async reset => {
      const pool = new Pool(url, { connections: 1 })
      while (running) {
        const number = ++sequence
        try {
          const reply = await pool.request({
            method: 'POST',
            path: '/customers',
            body: String(number),
            reset,
          })
          await reply.body.dump()
          if (reply.statusCode === 200) acknowledged.push(number)
          else failed.push(number)
        } catch {
          failed.push(number)
        }
      }
      await pool.close()
    }),
  )
  return {
    acknowledged,
    failed,
    async stop() {
      running = false
      await Promise.all(writers)
    },
  }
}

test('ownership moves at two proxies of two workers each, under load, without a write lost or on both sides', async () => {
  await using system = await setUp()
  const { admins, urls, legacy, extracted } = system
  for (const url of urls) {
    const pool = new Pool(url)
    for (let id = 0; id < 4; id++)
      await (await pool.request({ method: 'GET', path: `/customers/${id}`, reset: true })).body.dump()
    await pool.close()
  }
  await until(async () => Number((await compareLive(admins, ['customers'])).requests) === 8)
  expect(await compareLive(admins, ['customers'])).toMatchObject({ requests: 8, matched: 8, verdict: 'pass' })

  const writers = startWriters(urls)
  await until(async () => writers.acknowledged.length > 200)
  const held = holdProxies(admins, 'customers', 7, systemClock, createLog('test'))
  await held.begin(never)
  await held.drained(never)
  const before = [...legacy.writes]
  const parked = async () =>
    (await Promise.all(admins.map(admin => admin.status()))).map(
      ({ capabilities }) => capabilities[0]?.hold?.parked,
    )
  await until(async () => (await parked()).every(count => count === 4))
  // Drained and held everywhere: nothing arrives any more, through whichever worker.
  expect(legacy.writes).toEqual(before)
  await held.changeRoutes(
    { capability: 'customers', stage: 'extracted', writes: 'extracted', epoch: 7 },
    'test',
    'cutover',
    never,
  )
  expect(await routedAs(admins, 'customers')).toMatchObject({ stage: 'extracted', writes: 'extracted' })
  const waits = await held.release(never)
  expect(waits.map(({ released, expired }) => [released, expired])).toEqual([
    [4, 0],
    [4, 0],
  ])
  const moved = extracted.writes.length
  await until(async () => extracted.writes.length > moved + 200)
  await writers.stop()
  expect(writers.failed).toEqual([])
  expect(legacy.writes).toEqual(before)
  const kept = [...legacy.writes, ...extracted.writes]
  expect(new Set(kept).size).toBe(kept.length)
  expect(new Set(kept)).toEqual(new Set(writers.acknowledged))
  await expect(
    changeRoutes(
      admins,
      [{ capability: 'customers', stage: 'canary', writes: 'legacy', epoch: 7 }],
      't',
      't',
    ),
  ).rejects.toMatchObject({ code: 'PROXY_REFUSED' })
})

async function until(check: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!(await check())) {
    if (performance.now() > deadline) throw new Error('waited for 20 s')
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}
