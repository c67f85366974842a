import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { canonicalJson } from '../src/comparison/canonical-json.ts'
import { differences } from '../src/comparison/canonical-value.ts'
import { surelyEqualJson } from '../src/comparison/equal-json.ts'

const conceal = (_field: string, value: string) => value
const slowly = (one: string, other: string) =>
  differences(canonicalJson(one), canonicalJson(other), { conceal }).length === 0

test.each([
  ['{"a":1,"b":[2,null]}', '{ "b" : [2,null], "a" : 1.0 }', true],
  ['{"a":1}', '{"a":2}', false],
  ['{"a":1}', '{"a":1,"b":2}', false],
  ['{"a":1,"b":2}', '{"a":1}', false],
  ['[1,2]', '[1]', false],
  ['{"0":1}', '[1]', false],
  ['{"a":null}', '{}', false],
  ['-0', '0', true],
])('%s and %s: %p', (one, other, expected) => {
  expect(surelyEqualJson(one, other)).toBe(expected)
})

test.each([
  ['9007199254740993', '9007199254740992'],
  ['0.1', '0.10000000000000000555'],
  ['1e400', '2e400'],
  ['1e-400', '0'],
])('%s and %s share a double, and are looked at closer', (one, other) => {
  expect(JSON.parse(one)).toBe(JSON.parse(other))
  expect(surelyEqualJson(one, other)).toBe(false)
})

test('what is nested too deeply is looked at closer', () => {
  const deep = (value: string) => `${'['.repeat(300)}${value}${']'.repeat(300)}`
  expect(surelyEqualJson(deep('1'), deep('1.0'))).toBe(false)
})

test('is never true where the comparison by meaning finds a difference', () => {
  const turned = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(turned)
    if (typeof value !== 'object' || value === null) return value
    const entries = Object.entries(value).map(([key, inner]) => [key, turned(inner)] as const)
    return Object.fromEntries(entries.reverse())
  }
  fc.assert(
    fc.property(fc.jsonValue(), fc.jsonValue(), (one, other) => {
      const [text, different] = [JSON.stringify(one), JSON.stringify(other)]
      const same = JSON.stringify(turned(JSON.parse(text)), null, 2)
      expect(surelyEqualJson(text, same) && !slowly(text, same)).toBe(false)
      expect(surelyEqualJson(text, different) && !slowly(text, different)).toBe(false)
    }),
  )
})
