import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { editConfig } from '../src/config/edit-config.ts'
import { parseConfig } from '../src/config/parse-config.ts'
import { configText } from './proxy-kit.ts'

const valid = configText({}, 'http://127.0.0.1:1', 'http://127.0.0.1:2')
const problemsOf = (text: string) =>
  parseConfig(text).problems.map(({ path, message, line }) => `${line} ${path}: ${message}`)

test('accepts the sample', async () => {
  const sample = await readFile(join(import.meta.dirname, '../../strangler.yaml'), 'utf8')
  expect(parseConfig(sample).problems).toEqual([])
})

test('names every problem of a file at once, with path and line', () => {
  const problems = problemsOf(`version: 2
upstreams:
  a: { url: "ftp://x" }
  b: { url: "http://u:p@x/y" }
default: a
capabilities:
  customers:
    stage: canari
    wrties: legacy
    routes:
      - { rest: "GET /x", effect: maybe, legacy: a, extracted: a }
`)
  expect(problems).toEqual([
    expect.stringMatching(/^1 version: /),
    expect.stringMatching(/^3 upstreams.a.url: an http/),
    expect.stringMatching(/^4 upstreams.b.url: a URL without user/),
    expect.stringMatching(/^4 upstreams.b.url: a URL without a path/),
    expect.stringMatching(/^8 capabilities.customers.stage: /),
    expect.stringMatching(/^11 capabilities.customers.routes.0.effect: /),
    expect.stringMatching(/^9 capabilities.customers.wrties: no such key/),
  ])
})

test('names upstreams, routes and keys that lead nowhere', () => {
  const problems = problemsOf(`version: 1
upstreams:
  a: { url: "http://x" }
default: z
capabilities:
  one:
    stage: canary
    writes: legacy
    canary: { percent: 5, key: "param:no" }
    routes:
      - { rest: "GET /x/{id}", effect: read, legacy: a, extracted: b }
      - { rest: "GET /x/{no-good}", effect: read, legacy: a, extracted: a }
      - { soap: "/soap", effect: read, legacy: a, extracted: a }
      - { effect: read, legacy: a, extracted: a }
  two:
    stage: legacy
    writes: legacy
    comparison: { ignore: [{ route: "GET /y", path: id, reason: "ids differ" }] }
    routes:
      - { rest: "GET /x/{other}", effect: read, extracted: a }
`)
  expect(problems).toEqual([
    expect.stringMatching(/^4 default: no upstream "z"/),
    expect.stringMatching(/^9 capabilities.one.canary.key: no route has a parameter/),
    expect.stringMatching(/^11 capabilities.one.routes.0.extracted: no upstream "b"/),
    expect.stringMatching(/^12 capabilities.one.routes.1.rest: segment/),
    expect.stringMatching(/^13 capabilities.one.routes.2.soap: /),
    expect.stringMatching(/^14 capabilities.one.routes.3: needs either/),
    expect.stringMatching(/^20 capabilities.two.routes.0.legacy: missing/),
    expect.stringMatching(
      /^20 capabilities.two.routes.0.rest: GET \/x\/\{\} is claimed by capabilities.one.routes.0/,
    ),
    expect.stringMatching(/^18 capabilities.two.comparison.ignore.0.route: no route of two/),
  ])
})

test.each([
  ['legacy', 'extracted'],
  ['shadow', 'extracted'],
  ['canary', 'extracted'],
  ['extracted', 'legacy'],
  ['retired', 'legacy'],
])('refuses stage %s with writes %s, unless the capability has no data', (stage, writes) => {
  const text = configText({ stage, writes }, 'http://a', 'http://b')
  expect(problemsOf(text)).toEqual([
    expect.stringMatching(/^11 capabilities.customers.writes: stage .* needs/),
  ])
  expect(problemsOf(text.replace('data: synced', 'data: none'))).toEqual([])
})

test('survives what is no configuration: YAML bombs, double keys, prototype keys, NUL, a list', () => {
  const bomb = `a: &a [x]\n${Array.from({ length: 30 }, (_, i) => `b${i}: &b${i} [*a, *a, *a, *a, *a]`).join('\n')}`
  for (const text of [
    bomb,
    `${valid}version: 1\n`,
    valid.replace('customers:', '__proto__:'),
    '\0',
    '- 1',
    '',
    'a: [',
    '%',
  ]) {
    const problems = problemsOf(text)
    expect(problems.length).toBeGreaterThan(0)
    expect(problems.every(problem => !problem.startsWith('undefined'))).toBe(true)
  }
  expect(({} as Record<string, unknown>).stage).toBeUndefined()
})

test('edits stage, writes and percent in place and leaves every other character', () => {
  const edited = editConfig(valid, [
    { capability: 'customers', stage: 'extracted', writes: 'extracted', percent: 12.5 },
  ])
  expect(edited).toBe(
    valid
      .replace('stage: legacy  #', 'stage: extracted  #')
      .replace('writes: legacy', 'writes: extracted')
      .replace('percent: 10', 'percent: 12.5'),
  )
  expect(editConfig(edited, [{ capability: 'customers', stage: 'extracted' }])).toBe(edited)
})

test('adds what is missing and keeps the comments', () => {
  const text = valid.replace(/ {4}canary:.*\n/, '').replace(/ {4}writes:.*\n/, '')
  const edited = editConfig(text, [{ capability: 'customers', writes: 'legacy', percent: 3 }])
  expect(edited).toContain('# the toggle')
  expect(edited).toMatch(/canary:\s+percent: 3/)
})

test('changes nothing but the value, whatever comments and blanks surround it', () => {
  const comment = fc.stringMatching(/^[ -~]{0,20}$/)
  fc.assert(
    fc.property(comment, comment, fc.integer({ min: 0, max: 6 }), (before, after, blanks) => {
      const text = valid.replace(
        '    stage: legacy  # the toggle',
        () => `    # ${before}\n    stage:${' '.repeat(blanks + 1)}legacy # ${after}`,
      )
      const edited = editConfig(text, [{ capability: 'customers', stage: 'shadow' }])
      expect(edited).toBe(text.replace(/(\n {4}stage: +)legacy/, '$1shadow'))
    }),
  )
})

test('refuses an edit of a capability that the file does not have', () => {
  expect(() => editConfig(valid, [{ capability: 'orders', stage: 'shadow' }])).toThrow('no capability orders')
})
