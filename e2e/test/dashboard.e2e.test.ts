import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { startTraffic, type Traffic } from '@strangler/demo/traffic/start-traffic.ts'
import { type BrowserContext, chromium, type Page } from 'playwright-core'
import { request } from 'undici'
import { root, startTestSystem, type TestSystem } from '../src/test-system.ts'

const executablePath = '/usr/bin/chromium'
const args =
  '--headless --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking --disable-component-update --disable-sync'
const screenshots = join(root, 'docs/screenshots')
const axe = createRequire(import.meta.url).resolve('axe-core/axe.min.js')
const viewerToken = 'of-those-who-look-only'
const markup = '<img src=x onerror=alert(1)>'

// Without a browser these are counted as skipped.
const withBrowser = existsSync(executablePath) ? describe : describe.skip

withBrowser('an operator with a browser', () => {
  let shop: TestSystem
  let traffic: Traffic
  let context: BrowserContext
  let profile: string
  let page: Page
  let portal: Page
  let url: string
  const complaints: string[] = []

  beforeAll(async () => {
    shop = await startTestSystem(process, 1_200)
    traffic = await startTraffic(shop.entryUrl, { ratePerSecond: 40, seed: 7, customers: 1_200 })
    url = await startDashboard(shop)
    profile = await mkdtemp(join(tmpdir(), 'strangler-browser-'))
    context = await chromium.launchPersistentContext(profile, {
      executablePath,
      args: args.split(' '),
      viewport: { width: 1_280, height: 860 },
    })
    page = await context.newPage()
    portal = await context.newPage()
    for (const each of [page, portal]) {
      each.on('pageerror', error => complaints.push(error.message))
      each.on('dialog', dialog => complaints.push(`a dialog opened: ${dialog.message()}`))
      each.on('console', message => {
        if (message.type() === 'error' || message.type() === 'warning') complaints.push(message.text())
      })
    }
    await mkdir(screenshots, { recursive: true })
  }, 90_000)

  afterAll(async () => {
    await context?.close()
    await traffic?.stop()
    await shop?.stop()
    if (profile !== undefined) await rm(profile, { recursive: true, force: true })
  }, 60_000)

  const card = () => page.locator('.card[data-name=customers]')
  const column = (stage: string) => page.locator(`section[aria-labelledby=stage-${stage}]`)
  const dialog = () => page.locator('dialog')

  async function open(hash: string): Promise<void> {
    await page.goto(`${url}/${hash}`)
  }

  /** What the view says, once it says it. */
  async function says(text: string | RegExp, within = 15_000): Promise<void> {
    await page.getByText(text).first().waitFor({ timeout: within })
  }

  async function confirm(reason: string, button: string): Promise<void> {
    await says('Nothing speaks against it now.')
    await dialog().getByLabel('Reason').fill(reason)
    await dialog().getByRole('button', { name: button }).click()
  }

  async function ended(within: number): Promise<string> {
    await page.locator('main [role=status] .badge').waitFor({ timeout: within })
    return page.locator('main').innerText()
  }

  /** Serious and critical violations of the accessibility rules. */
  async function violations(of: Page, schemes: readonly ('light' | 'dark')[] = ['light']): Promise<string[]> {
    await of.evaluate(await readFile(axe, 'utf8'))
    const found: string[] = []
    for (const colorScheme of schemes) {
      await of.emulateMedia({ colorScheme })
      const { violations: all } = (await of.evaluate('axe.run()')) as {
        violations: { id: string; impact: string; nodes: { target: string[] }[] }[]
      }
      found.push(
        ...all
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(
            ({ id, nodes }) =>
              `${colorScheme} ${id}: ${nodes.map(({ target }) => target.join(' ')).join(', ')}`,
          ),
      )
    }
    return found
  }

  test('signs in with the token only, and sees where everything is', async () => {
    await open('')
    await page.getByLabel('Your name').fill('ada')
    await page.getByLabel('Token').fill('wrong')
    await page.getByRole('button', { name: 'Sign in' }).click()
    await says('this is not the token of the system')
    expect(await violations(page)).toEqual([])
    // The browser itself notes the refusal; nothing else may be noted.
    expect(complaints.splice(0).filter(each => !each.includes('401'))).toEqual([])
    await page.getByLabel('Token').fill(shop.system.secrets.token)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await column('legacy').locator('.card[data-name=customers]').waitFor()
    expect(await card().innerText()).toContain('writes legacy')
  }, 30_000)

  test('runs the plan to shadow, and is refused a cutover with the reason', async () => {
    await open('#/capability/customers/run?to=shadow')
    await confirm(`compare first ${markup}`, 'Run plan')
    expect(await ended(30_000)).toMatch(/done\s/)
    await says(markup)
    await page.getByRole('link', { name: 'Board', exact: true }).last().click()
    await column('shadow').locator('.card[data-name=customers]').waitFor()
    await open('#/capability/customers/cutover')
    await says('Would be refused now')
    expect(await dialog().innerText()).toContain('DRILL_MISSING')
    expect(await dialog().getByRole('button', { name: 'Cut over now' }).isDisabled()).toBe(true)
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(screenshots, 'refused-cutover.png') })
    await page.keyboard.press('Escape')
    await dialog().waitFor({ state: 'detached' })
  }, 60_000)

  test('opens a divergence down to both values', async () => {
    await shop.system.deployCustomers(join(root, 'demo/src/defective-customers/main.ts'))
    await open('#/comparisons/customers')
    const route = page.getByRole('row', { name: /^GET \/customers\/\{id\} fail/ }).getByRole('link')
    await route.waitFor({ timeout: 20_000 })
    await route.click()
    await page
      .getByRole('link', { name: /creditLimit/ })
      .first()
      .click()
    await says('One sample')
    expect(await page.locator('.sides mark').count()).toBe(2)
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(screenshots, 'divergence.png') })
    await ignoreAndTakeBack()
    await shop.system.deployCustomers(join(root, 'extracted-services/customers/src/main.ts'))
    await request(`http://127.0.0.1:${shop.system.ports.admin}/admin/comparisons/customers`, {
      method: 'DELETE',
      headers: { authorization: `Bearer ${shop.system.secrets.token}` },
    })
  }, 60_000)

  /** A rule by a click; then the generation before it is served again, since this difference is not meant. */
  async function ignoreAndTakeBack(): Promise<void> {
    await page.getByText('Ignore this path …').click()
    await page.getByLabel('Why it is meant').fill(`tried out ${markup}`)
    await page.getByRole('button', { name: 'Ignore it from now on' }).click()
    await says('The rule is served since generation')
    expect(await violations(page)).toEqual([])
    await page.getByRole('link', { name: 'take it back' }).click()
    await says(/capabilities\.customers\.comparison\.ignore\.0\.path/)
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(screenshots, 'changes.png') })
    const before = page.locator('.changes > li').nth(1)
    await before.getByText('Back to it …').click()
    await before.getByLabel('Reason').fill('it is a defect')
    await before.getByRole('button', { name: /Serve generation \d+ again/ }).click()
    await says(/has the text of generation/)
  }

  test('changes the percent and watches the split move', async () => {
    await open('#/')
    await page.getByRole('link', { name: 'Open customers' }).click()
    await page.getByRole('link', { name: 'Set stage …' }).click()
    await dialog().getByLabel('Stage').selectOption('canary')
    await dialog().getByLabel('Percent of the callers', { exact: true }).fill('50')
    await says('50 % of the callers have their reads served by the extracted side, the others by legacy.')
    await confirm('half of them', 'Set stage')
    expect(await ended(15_000)).toContain('canary 50 %')
    await open('#/')
    await column('canary').locator('.card[data-name=customers]').waitFor()
    await card()
      .getByText(/legacy, [1-9]\d* extracted/)
      .waitFor({ timeout: 15_000 })
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(screenshots, 'board.png') })
  }, 60_000)

  test('drills, cuts over and rolls back, and the portal follows at once', async () => {
    await portal.goto(`${url}/portal`)
    const entry = portal.getByRole('link', { name: 'Customers' })
    const { rest, customers } = shop.system.ports
    expect(await entry.getAttribute('href')).toContain(`:${rest}/`)
    await open('#/capability/customers/drill')
    // The comparison counts anew since the defect was mended.
    for (let looks = 0; looks < 20; looks++) {
      await says(/Nothing speaks against it now|Would be refused now/)
      if ((await dialog().getByText('Nothing speaks against it now.').count()) > 0) break
      await page.waitForTimeout(1_000)
      await dialog().getByRole('button', { name: 'Check again' }).click()
      await page.waitForTimeout(300)
    }
    await dialog().getByLabel('Writes per second').fill('20')
    await dialog().getByLabel('Seconds').fill('3')
    await confirm('before the cutover', 'Start drill')
    expect(await ended(45_000)).toMatch(/Writes lost\s+0/)
    await page.screenshot({ path: join(screenshots, 'drill.png') })

    await open('#/capability/customers/cutover')
    await confirm('agreed with the shop', 'Cut over now')
    expect(await ended(20_000)).toMatch(/Write owner\s+extracted/)
    await portal.locator(`a[href*=":${customers}/"]`).waitFor({ timeout: 5_000 })
    await portal.screenshot({ path: join(screenshots, 'portal.png') })
    expect(await violations(portal)).toEqual([])

    await page.getByRole('link', { name: 'Roll back' }).click()
    await confirm('and back', 'Roll back now')
    expect(await ended(20_000)).toMatch(/Write owner\s+legacy/)
    await portal.locator(`a[href*=":${rest}/"]`).waitFor({ timeout: 5_000 })
  }, 90_000)

  test('reads plan, plots and audit, and verifies the chain', async () => {
    await open('#/capability/customers')
    await says('Gates of the cutover')
    expect(await violations(page, ['light', 'dark'])).toEqual([])
    await page.screenshot({ path: join(screenshots, 'capability-dark.png'), fullPage: true })
    await open('#/traffic/customers')
    await page.waitForTimeout(1_500)
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(screenshots, 'traffic.png') })
    await open('#/journal/customers')
    await says('Journal of customers')
    await page
      .getByRole('heading', { name: /^rollback by ada/ })
      .first()
      .waitFor({ timeout: 10_000 })
    expect(await violations(page)).toEqual([])
    await open('#/audit')
    await page.getByRole('link', { name: 'Verify the chain' }).click()
    await says('The chain is whole')
    await says('agreed with the shop')
    expect(await violations(page)).toEqual([])
    await page.screenshot({ path: join(screenshots, 'audit.png') })
    await page.setViewportSize({ width: 390, height: 844 })
    await open('#/')
    await card().waitFor()
    await page.waitForTimeout(500)
    const wide = 'document.documentElement.scrollWidth > document.documentElement.clientWidth'
    expect(await page.evaluate(wide)).toBe(false)
    await page.screenshot({ path: join(screenshots, 'board-phone.png') })
  }, 60_000)

  test('doctor finds nothing wrong with the system that runs', async () => {
    const args = [join(root, 'console/src/main.ts'), 'doctor', '--state', shop.stateDir, '--json']
    const output = await new Promise<string>(resolve => {
      execFile(process.execPath, args, { cwd: shop.stateDir }, (_error, stdout) => resolve(stdout))
    })
    const { ok, findings } = JSON.parse(output) as {
      ok: boolean
      findings: { subject: string; check: string; level: string }[]
    }
    expect(findings.filter(({ level }) => level === 'problem')).toEqual([])
    expect(ok).toBe(true)
    const looked = findings.map(({ subject, check }) => `${subject} ${check}`)
    expect(looked).toEqual(
      expect.arrayContaining([
        'engine process',
        'proxy process',
        'mariadb gtid_strict_mode',
        'mariadb rights on the server',
        'mariadb (applier) rights on the server',
      ]),
    )
  }, 60_000)

  test('a viewer finds nothing to press', async () => {
    await page.setViewportSize({ width: 1_280, height: 860 })
    await page.getByRole('button', { name: 'Sign out' }).click()
    await page.getByLabel('Your name').fill('vera')
    await page.getByLabel('Token').fill(viewerToken)
    await page.getByRole('button', { name: 'Sign in' }).click()
    await says('vera, looking only')
    await open('#/capability/customers/cutover')
    await says('Gates of the cutover')
    expect(await dialog().count()).toBe(0)
    expect(await page.getByRole('link', { name: 'Set stage …' }).count()).toBe(0)
  }, 60_000)

  test('never sees an error in the console, markup at work, or the token in a page', async () => {
    expect(complaints).toEqual([])
    const { token } = shop.system.secrets
    const stored = await page.evaluate('JSON.stringify([localStorage, sessionStorage, document.cookie])')
    expect(stored).toBe('[{},{},""]')
    expect(await page.content()).not.toContain(token)
  })
})

async function startDashboard(shop: TestSystem): Promise<string> {
  const { ports, secrets, supervisor } = shop.system
  const local = (port: number) => `http://127.0.0.1:${port}`
  const portalFile = join(shop.stateDir, 'portal-of-test.json')
  const customers = {
    title: 'Customers',
    description: 'Look up customers and change them',
    capability: 'customers',
  }
  const places = {
    legacy: `${local(ports.rest)}/customers`,
    extracted: `${local(ports.customers)}/customers`,
  }
  await writeFile(portalFile, JSON.stringify({ title: 'Shop', items: [{ ...customers, ...places }] }))
  const { url } = await supervisor.start({
    name: 'dashboard-of-test',
    main: join(root, 'console/src/dashboard-main.ts'),
    onCrash: 'stop',
    env: {
      STRANGLER_OPERATOR_URL: local(ports.engine),
      STRANGLER_PROXIES: local(ports.admin),
      STRANGLER_TOKEN: secrets.token,
      STRANGLER_VIEWER_TOKEN: viewerToken,
      STRANGLER_PORTAL: portalFile,
    },
  })
  return url
}
