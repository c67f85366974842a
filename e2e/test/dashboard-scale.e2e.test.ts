import { existsSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { startDashboard } from '@strangler/console/dashboard/start-dashboard.ts'
import { systemClock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import { createLog } from '@strangler/kit/log.ts'
import { chromium, type Page } from 'playwright-core'
import { root } from '../src/test-system.ts'

const executablePath = '/usr/bin/chromium'
const args = '--headless --no-sandbox --disable-gpu --no-first-run --disable-background-networking'
const token = 'token-of-the-scale-test'
const stages = ['legacy', 'shadow', 'canary']
const routes = ['GET /things', 'GET /things/{id}', '/soap#GetThing']
const comparison = {
  samples: 900,
  matched: 700,
  ignored: 0,
  diverged: 200,
  errors: 0,
  noise: 0,
  verdict: 'fail',
}

const capabilities = Array.from({ length: 50 }, (_, at) => ({
  name: `capability-${at}`,
  stage: stages[at % stages.length],
  writes: 'legacy',
  percent: at,
  data: 'synced',
  hold: null,
  breaker: {},
  traffic: { legacy: { read: 0, write: 0, failed: 0 }, extracted: { read: 0, write: 0, failed: 0 } },
  comparison,
  lagMs: at,
  positionsBehind: 0,
  lastDrill: null,
  lastVerification: null,
  owner: 'legacy',
  epoch: 1,
  phase: 'syncing',
  sync: null,
}))

/** The most that a proxy keeps: 200 divergent paths of each capability. */
const divergences = Array.from({ length: 200 }, (_, at) => ({
  route: routes[at % routes.length],
  path: `$.items[*].field${at}`,
  count: at + 1,
  legacy: 'a value that is long enough to look real',
  extracted: 'a value that is long enough to be real',
  traceId: '0af7651916cd43dd8448eb211c80319c',
}))

function answer(path: string): unknown {
  if (path.startsWith('/admin/comparisons/'))
    return {
      ...comparison,
      routes: routes.map(route => ({
        route,
        ...comparison,
        legacyMs: { p50: 1, p99: 2 },
        extractedMs: { p50: 1, p99: 2 },
      })),
      divergences,
    }
  if (path.endsWith('/plan')) return { steps: [], gates: {}, tables: [], refusals: [] }
  return path.startsWith('/audit') ? [] : { generation: 1, problems: [], capabilities }
}

/** Stands for engine and proxy at once. */
function fakeSystem(): Server {
  return createServer((request, response) => {
    response.end(request.url === '/metrics' ? '' : JSON.stringify(answer(request.url!)))
  })
}

/** Milliseconds from a change of the address until the view shows what was asked for. */
async function shownAfter(page: Page, hash: string, selector: string): Promise<number> {
  return (await page.evaluate(`new Promise(resolve => {
    const began = performance.now()
    const look = () => {
      if (document.querySelector(${JSON.stringify(selector)}) === null) return
      observer.disconnect()
      resolve(performance.now() - began)
    }
    const observer = new MutationObserver(look)
    observer.observe(document.body, { childList: true, subtree: true })
    location.hash = ${JSON.stringify(hash)}
  })`)) as number
}

/** Goes through 40 views; what 95 of 100 were shown within, in milliseconds. */
async function slowestButFew(page: Page): Promise<number> {
  const took: number[] = []
  for (let nth = 0; nth < 10; nth++) {
    const name = `capability-${nth * 5}`
    const route = encodeURIComponent(routes[nth % routes.length]!)
    const rows = '[aria-label^="Divergent"] tbody tr:nth-child(50)'
    took.push(await shownAfter(page, `#/capability/${name}`, '.track .here'))
    took.push(await shownAfter(page, `#/comparisons/${name}`, `[aria-label="Routes of ${name}"]`))
    took.push(await shownAfter(page, `#/comparisons/${name}?route=${route}`, rows))
    took.push(await shownAfter(page, '#/', '.card[data-name=capability-49]'))
  }
  took.sort((one, other) => one - other)
  return took[Math.floor(took.length * 0.95)]!
}

const withBrowser = existsSync(executablePath) ? test : test.skip

withBrowser(
  'with 50 capabilities and 10,000 divergences 95 of 100 interactions are shown within 100 ms',
  async () => {
    const system = await listen(fakeSystem(), 0)
    const dashboard = await startDashboard({
      host: '127.0.0.1',
      port: 0,
      engineUrl: system.url,
      proxies: [system.url],
      token,
      hostNames: [],
      portalFile: undefined,
      folder: join(root, 'console/dashboard'),
      clock: systemClock,
      log: createLog('dashboard', 'silent'),
    })
    const profile = await mkdtemp(join(tmpdir(), 'strangler-browser-'))
    const context = await chromium.launchPersistentContext(profile, { executablePath, args: args.split(' ') })
    try {
      const page = await context.newPage()
      await page.goto(dashboard.url)
      await page.getByLabel('Your name').fill('ada')
      await page.getByLabel('Token').fill(token)
      await page.getByRole('button', { name: 'Sign in' }).click()
      await page.locator('.card').nth(49).waitFor()
      // What else the machine does may slow a round, but not each of them.
      const rounds: number[] = []
      while (rounds.length < 4 && !rounds.some(ms => ms < 100)) rounds.push(await slowestButFew(page))
      expect(Math.min(...rounds)).toBeLessThan(100)
    } finally {
      await context.close()
      await dashboard.close()
      await system.close()
      await rm(profile, { recursive: true, force: true })
    }
  },
  60_000,
)
