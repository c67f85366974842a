import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { negotiate } from '../src/http/negotiate.ts'

const json = 'application/json'
const xml = 'application/xml'
const binary = 'application/x-protobuf'
const offered = [json, xml, binary]

test.each<[string | undefined, string | undefined]>([
  [undefined, json],
  ['', json],
  ['*/*', json],
  ['application/*', json],
  [xml, xml],
  ['APPLICATION/XML', xml],
  [binary, binary],
  ['application/xml, application/json', json],
  ['application/xml, application/json;q=0.9', xml],
  ['application/json;q=0.1, application/xml;q=0.2, application/x-protobuf;q=0.15', xml],
  ['application/xml;q=0.5, */*;q=0.1', xml],
  ['*/*, application/json;q=0', xml],
  ['*/*;q=0.1, application/*;q=0, application/x-protobuf;q=0.001', binary],
  ['text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8', xml],
  ['application/json; charset=utf-8', json],
  ['application/xml;version="1,2";q=1', xml],
  ['application/json ; Q=0.5 , application/xml ; q=0.6', xml],
  ['text/html', undefined],
  ['application/json;q=0', undefined],
  ['*/*;q=0', undefined],
  ['*', undefined],
  ['json', undefined],
  ['application/xml;q=2, application/x-protobuf;q=0.1', binary],
  ['application/xml;q=-1', undefined],
  [',,;q=1,', undefined],
])('answers Accept %j with %s', (accept, expected) => {
  expect(negotiate(accept, offered)).toBe(expected)
})

test('prefers what has the highest q, the first offered among equals', () => {
  const quality = fc.integer({ min: 0, max: 1000 }).map(n => n / 1000)
  fc.assert(
    fc.property(fc.tuple(quality, quality, quality), fc.boolean(), (qualities, reversed) => {
      const ranges = offered.map((type, index) => `${type};q=${qualities[index]}`)
      const best = Math.max(...qualities)
      expect(negotiate((reversed ? ranges.toReversed() : ranges).join(', '), offered)).toBe(
        best === 0 ? undefined : offered[qualities.indexOf(best)],
      )
    }),
  )
})

test('answers any text whatever, and soon', () => {
  fc.assert(
    fc.property(fc.string({ maxLength: 16_000, size: 'max' }), text => {
      expect([...offered, undefined]).toContain(negotiate(text, offered))
    }),
    { numRuns: 30 },
  )
})
