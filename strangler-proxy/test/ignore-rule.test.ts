import { expect, test } from '@jest/globals'
import { editConfig } from '../src/config/edit-config.ts'
import { parseConfig } from '../src/config/parse-config.ts'

const route = 'GET /customers/{id}'
const text = (comparison: string) => `# routes and stages
version: 1
upstreams: { a: { url: "http://127.0.0.1:1" } }
default: a
capabilities:
  customers:
    stage: shadow # the toggle
    writes: legacy
${comparison}    routes:
      - { rest: "${route}", effect: read, legacy: a, extracted: a }
`
const rule = { route, path: '/updatedAt', reason: 'rounds to seconds', until: '2099-01-31' }

test.each([
  ['no comparison', ''],
  ['a comparison without rules', '    comparison: { reveal: [creditLimit] }\n'],
  ['rules already', '    comparison:\n      ignore:\n        - { path: "/x", reason: "old" } # agreed\n'],
])('a rule is added where there is %s, and comments stay', (_case, comparison) => {
  const edited = editConfig(text(comparison), [{ capability: 'customers', ignore: rule }])
  const parsed = parseConfig(edited)
  if (!('config' in parsed)) throw new Error(JSON.stringify(parsed.problems))
  expect(parsed.config.capabilities.customers?.comparison.ignore.at(-1)).toEqual(rule)
  expect(edited).toContain('# the toggle')
  if (comparison.includes('agreed')) expect(edited).toContain('# agreed')
})

test('the same rule again changes nothing, so that several proxies may be told of one file', () => {
  const once = editConfig(text(''), [{ capability: 'customers', ignore: rule }])
  expect(editConfig(once, [{ capability: 'customers', ignore: { ...rule, reason: 'again' } }])).toBe(once)
})

test('a rule for a route that the capability does not have is refused as any file is', () => {
  const edited = editConfig(text(''), [{ capability: 'customers', ignore: { ...rule, route: 'GET /no' } }])
  expect(parseConfig(edited).problems).toMatchObject([
    { path: 'capabilities.customers.comparison.ignore.0.route' },
  ])
})
