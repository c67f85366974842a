import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { parseRestPattern, type RestPattern } from '../src/config/route-pattern.ts'
import { createRestMatcher } from '../src/routing/rest-matcher.ts'

function matcherOf(...texts: string[]) {
  return createRestMatcher(texts.map(text => ({ pattern: patternOf(text), value: text })))
}

function patternOf(text: string): RestPattern {
  const pattern = parseRestPattern(text)
  if (typeof pattern === 'string') throw new Error(pattern)
  return pattern
}

test('prefers literal to parameter to double star, and the method to ANY', () => {
  const routes = matcherOf(
    'GET /customers/{id}',
    'GET /customers/search',
    'ANY /customers/**',
    'GET /customers/{id}/notes',
    'ANY /customers/{id}',
  )
  const found = (method: string, path: string) => routes.match(method, path)?.value
  expect(found('GET', '/customers/search')).toBe('GET /customers/search')
  expect(found('GET', '/customers/42')).toBe('GET /customers/{id}')
  expect(found('HEAD', '/customers/42')).toBe('GET /customers/{id}')
  expect(found('DELETE', '/customers/42')).toBe('ANY /customers/{id}')
  expect(found('DELETE', '/customers/search')).toBe('ANY /customers/{id}')
  expect(found('GET', '/customers/search/notes')).toBe('GET /customers/{id}/notes')
  expect(found('PUT', '/customers/1/2/3')).toBe('ANY /customers/**')
  expect(found('PUT', '/customers')).toBe('ANY /customers/**')
})

test('matches whole segments only, case-sensitively, and no empty parameter', () => {
  const routes = matcherOf('GET /customers/{id}', 'GET /')
  for (const path of [
    '/customersX/1',
    '/Customers/1',
    '/customers/',
    '/customers',
    '/customers/1/2',
    '/customers/1/',
  ])
    expect(routes.match('GET', path)).toBeUndefined()
  expect(routes.match('GET', '/')?.value).toBe('GET /')
  expect(routes.match('GET', '/customers/%C3%A9')?.parameters).toEqual(['é'])
})

const word = fc.stringMatching(/^[a-z]{1,3}$/)
const step = fc.oneof(word, fc.constant('{}'))
const path = fc.array(fc.oneof(word, fc.stringMatching(/^[0-9]{1,2}$/)), { maxLength: 5 })

test('finds a route exactly when one matches segment by segment', () => {
  const pattern = fc.record({
    method: fc.constantFrom('GET', 'POST', 'ANY'),
    steps: fc.array(step, { maxLength: 4 }),
    open: fc.boolean(),
  })
  fc.assert(
    fc.property(
      fc.array(pattern, { maxLength: 12 }),
      fc.constantFrom('GET', 'POST'),
      path,
      (routes, method, at) => {
        const texts = routes.map(({ method: of, steps, open }) => {
          const named = steps.map((text, index) => (text === '{}' ? `{p${index}}` : text))
          return `${of} /${[...named, ...(open ? ['**'] : [])].join('/')}`
        })
        const expected = routes.some(
          ({ method: of, steps, open }) =>
            (of === 'ANY' || of === method) &&
            (open ? at.length >= steps.length : at.length === steps.length) &&
            steps.every((text, index) => text === '{}' || text === at[index]),
        )
        expect(matcherOf(...texts).match(method, `/${at.join('/')}`) !== undefined).toBe(expected)
      },
    ),
  )
})

test('looks up one of ten thousand routes about as fast as one of a hundred', () => {
  const routesOf = (count: number) =>
    matcherOf(
      ...Array.from({ length: count }, (_, index) => `GET /area${index % 100}/thing${index}/{id}/part`),
    )
  const time = (count: number) => {
    const routes = routesOf(count)
    const path = `/area${(count - 1) % 100}/thing${count - 1}/7/part`
    const started = performance.now()
    for (let round = 0; round < 20_000; round++) routes.match('GET', path)
    return performance.now() - started
  }
  time(100)
  expect(time(10_000)).toBeLessThan(20 * time(100) + 50)
})

test('names what is wrong with a pattern', () => {
  for (const text of [
    '/x',
    'FETCH /x',
    'GET x',
    'GET /a//b',
    'GET /{id}/{id}',
    'GET /**/x',
    'GET /a*',
    'GET /../x',
  ])
    expect(typeof parseRestPattern(text)).toBe('string')
})
