import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { callerKey } from '../src/routing/caller-key.ts'
import { cohortSeed, cohortThreshold, inCohort } from '../src/routing/cohort.ts'
import { murmur3 } from '../src/routing/murmur3.ts'

const keys = Array.from({ length: 20_000 }, (_, index) => `caller-${index}`)

function members(capability: string, percent: number): Set<string> {
  const seed = cohortSeed(capability)
  const threshold = cohortThreshold(percent)
  return new Set(keys.filter(key => inCohort(seed, threshold, key)))
}

test('hashes as MurmurHash3 x86 32 does', () => {
  expect(murmur3('', 0)).toBe(0)
  expect(murmur3('', 1)).toBe(0x514e28b7)
  expect(murmur3('hello', 0)).toBe(0x248bfa47)
  expect(murmur3('hello, world', 0)).toBe(0x149bbb7f)
  expect(murmur3('The quick brown fox jumps over the lazy dog', 0x9747b28c)).toBe(0x2fa826cd)
})

test('keeps everybody who is in as percent grows', () => {
  fc.assert(
    fc.property(
      fc.string(),
      fc.string(),
      fc.double({ min: 0, max: 100, noNaN: true }),
      fc.double({ min: 0, max: 100, noNaN: true }),
      (capability, key, one, other) => {
        const seed = cohortSeed(capability)
        const less = inCohort(seed, cohortThreshold(Math.min(one, other)), key)
        const more = inCohort(seed, cohortThreshold(Math.max(one, other)), key)
        expect(!less || more).toBe(true)
      },
    ),
  )
})

test('takes the share that was asked for, down to a tenth of a percent', () => {
  expect(members('customers', 0).size).toBe(0)
  expect(members('customers', 100).size).toBe(keys.length)
  for (const percent of [0.1, 1, 10, 50, 90]) {
    const expected = (keys.length * percent) / 100
    const tolerance = 4 * Math.sqrt(expected * (1 - percent / 100)) + 1
    expect(Math.abs(members('customers', percent).size - expected)).toBeLessThan(tolerance)
  }
})

test('draws the cohorts of two capabilities independently', () => {
  const customers = members('customers', 30)
  const both = [...members('orders', 30)].filter(key => customers.has(key)).length
  const expected = keys.length * 0.09
  expect(Math.abs(both - expected)).toBeLessThan(4 * Math.sqrt(expected))
})

test('keeps a caller without a key on legacy until percent is 100', () => {
  const seed = cohortSeed('customers')
  expect(inCohort(seed, cohortThreshold(99.9), undefined)).toBe(false)
  expect(inCohort(seed, cohortThreshold(100), undefined)).toBe(true)
})

test('reads the key of a caller from cookie, header, bearer, parameter or address', () => {
  const claims = Buffer.from(JSON.stringify({ sub: 'ann' })).toString('base64url')
  const facts = {
    header: (name: string) =>
      ({ cookie: 'xsid=1; sid=abc ;sid2=2', 'x-user': 'bob', authorization: `Bearer h.${claims}.s` })[name],
    parameter: (name: string) => ({ id: '42' })[name],
    address: '10.0.0.1',
  }
  expect(callerKey({ from: 'cookie', name: 'sid' }, facts)).toBe('abc')
  expect(callerKey({ from: 'cookie', name: 'si' }, facts)).toBeUndefined()
  expect(callerKey({ from: 'header', name: 'x-user' }, facts)).toBe('bob')
  expect(callerKey({ from: 'bearer' }, facts)).toBe('ann')
  expect(callerKey({ from: 'param', name: 'id' }, facts)).toBe('42')
  expect(callerKey({ from: 'ip' }, facts)).toBe('10.0.0.1')
  const opaque = { ...facts, header: () => 'Bearer opaque' }
  expect(callerKey({ from: 'bearer' }, opaque)).toBe('opaque')
})
