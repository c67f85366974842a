import { expect, test } from '@jest/globals'
import { childSpecs } from '../src/up/child-specs.ts'

const address = (port: number) => ({ host: '127.0.0.1', port })
const specs = (changes: { hasPlans?: boolean; portal?: string } = {}) =>
  childSpecs({
    folder: '/work',
    stateDir: '/shop/.strangler',
    system: {
      listen: { proxy: address(1), admin: address(2), engine: address(3), dashboard: address(4) },
      processes: [
        { name: 'books', run: ['node', 'service/main.mjs'], env: { PORT: '5' }, url: undefined },
        { name: 'facade', run: ['strangler', 'acl', 'serve', 'x.wsdl'], env: {}, url: undefined },
      ],
    },
    settings: {
      PATH: '/bin',
      STRANGLER_DATABASE_URL: 'control',
      STRANGLER_DB_LEGACY: 'legacy',
      STRANGLER_APPLIER_LEGACY: 'applier',
      STRANGLER_VIEWER_TOKEN: 'viewer',
      SERVICE_DATABASE_URL: 'service',
    },
    token: 'operator',
    programs: { node: '/node', strangler: '/s', proxy: '/p', engine: '/e', dashboard: '/d' },
    hasPlans: changes.hasPlans ?? true,
    portal: changes.portal,
  })
const envOf = (name: string, changes = {}) => specs(changes).find(spec => spec.name === name)!.env

test('one’s own processes come first, then proxy, engine and dashboard', () => {
  expect(specs().map(({ name }) => name)).toEqual(['books', 'facade', 'proxy', 'engine', 'dashboard'])
  expect(specs({ hasPlans: false }).map(({ name }) => name)).toEqual(['books', 'facade', 'proxy'])
  expect(specs()[0]!.command).toEqual(['/node', 'service/main.mjs'])
  expect(specs()[1]!.command.slice(-4)).toEqual(['/s', 'acl', 'serve', 'x.wsdl'])
})

test('each gets the secrets that it needs, and no others', () => {
  expect(envOf('books')).toEqual({ PATH: '/bin', SERVICE_DATABASE_URL: 'service', PORT: '5' })
  for (const name of ['proxy', 'dashboard']) {
    expect(envOf(name)).toMatchObject({ STRANGLER_TOKEN: 'operator', STRANGLER_VIEWER_TOKEN: 'viewer' })
    for (const secret of ['control', 'legacy', 'applier', 'service'])
      expect(Object.values(envOf(name))).not.toContain(secret)
  }
  expect(envOf('engine')).toMatchObject({
    STRANGLER_DB_LEGACY: 'legacy',
    STRANGLER_PLANS: 'plans',
    PORT: '3',
  })
})

test('the dashboard shows the portal of the folder, where it has one', () => {
  expect(envOf('dashboard').STRANGLER_PORTAL).toBeUndefined()
  expect(envOf('dashboard', { portal: '/shop/portal.json' }).STRANGLER_PORTAL).toBe('/shop/portal.json')
})
