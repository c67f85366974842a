import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { isPlain, linearMatcher } from '../src/contract/pattern-machine.ts'
import { translatePattern } from '../src/contract/schema-pattern.ts'

const atom = fc.constantFrom('a', 'b', '[a-c]', '[^b]', '\\p{Lu}', '\\.', '[[a-c]--[b]]')
const pattern = fc.letrec<{ node: string }>(tie => ({
  node: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    atom,
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => a + b),
    fc.tuple(tie('node'), tie('node')).map(([a, b]) => `(?:${a}|${b})`),
    fc
      .tuple(tie('node'), fc.constantFrom('*', '+', '?', '{2}', '{1,3}', '{2,}'))
      .map(([a, q]) => `(?:${a})${q}`),
  ),
})).node

test('accepts what a RegExp accepts', () => {
  fc.assert(
    fc.property(pattern, fc.stringMatching(/^[abcA.x]{0,6}$/), (source, text) => {
      expect(linearMatcher(source)!.test(text)).toBe(new RegExp(`^(?:${source})$`, 'v').test(text))
    }),
    { numRuns: 500 },
  )
})

test.each(['(a+)+', '(a|a)*', '(a*)*b', '(.*a){12}', 'a*a*a*a*a*a*c', '([a-z]+)*@', '(\\w+\\s?)*'])(
  'pattern %s takes a hostile text in no time',
  source => {
    const matcher = translatePattern([source])!
    const began = performance.now()
    expect(matcher.test(`${'a'.repeat(5_000)}!`)).toBe(false)
    expect(performance.now() - began).toBeLessThan(2_000)
  },
)

test('gives up on a pattern of too many states', () => {
  expect(linearMatcher('((a{100}){100}){100}')).toBeUndefined()
})

test('knows the patterns that a RegExp may have', () => {
  for (const source of ['[A-Z]{3}', '\\d{4}-\\d{2}', '[a-z]+', 'a|b', '\\p{L}{1,80}'])
    expect(isPlain(source)).toBe(true)
  for (const source of ['(a+)+', '[a-z]*x[a-z]*', '(ab)*', 'a*b*']) expect(isPlain(source)).toBe(false)
})
