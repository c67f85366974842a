import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { normaliseTarget } from '../src/routing/request-target.ts'

test.each([
  '/a/../b',
  '/a/./b',
  '/..',
  '/.',
  '/%2e%2e/b',
  '/a/%2E/b',
  '/.%2e/b',
  '/a%2fb',
  '/a%5Cb',
  '/a\\b',
  '//evil/x',
  '/a//b',
  '/a#b',
  '/a%00',
  '/a%0d%0aX:y',
  '/a%',
  '/a%zz',
  '/%c0%ae%c0%ae/b',
  '/%ff',
  '/a b',
  '/é',
  '*',
  'a',
  '',
  'http://other/x',
  'https://here.evil/x',
  'ftp://here/x',
  `/${'x'.repeat(9_000)}`,
])('refuses %s', target => {
  expect(typeof normaliseTarget(target, 'here')).toBe('string')
})

test('gives one spelling to one path, and leaves the query alone', () => {
  expect(normaliseTarget('/%61%7e/%c3%a9;v=1?q=%2e%2e//#'.slice(0, -1), 'here')).toEqual({
    path: '/a~/%C3%A9;v=1',
    search: '?q=%2e%2e//',
  })
  expect(normaliseTarget('http://HERE/x?y', 'here')).toEqual({ path: '/x', search: '?y' })
  expect(normaliseTarget('/a.b/..c/...', 'here')).toEqual({ path: '/a.b/..c/...', search: '' })
})

test('is idempotent: what it answers, it answers again', () => {
  fc.assert(
    fc.property(fc.stringMatching(/^\/[a-zA-Z0-9%./;~?-]{0,20}$/), target => {
      const once = normaliseTarget(target, 'here')
      if (typeof once === 'string') return
      expect(normaliseTarget(once.path + once.search, 'here')).toEqual(once)
    }),
  )
})
