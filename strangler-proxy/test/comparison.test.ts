import { gzipSync } from 'node:zlib'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { canonicalJson } from '../src/comparison/canonical-json.ts'
import { differences } from '../src/comparison/canonical-value.ts'
import { canonicalXml } from '../src/comparison/canonical-xml.ts'
import { compareObservations } from '../src/comparison/compare-observations.ts'
import { concealValues } from '../src/comparison/redaction.ts'
import type { Observation } from '../src/forwarding/reply-tap.ts'

const observed = (
  body: string | Buffer,
  type: string,
  more: Record<string, string> = {},
  status = 200,
): Observation => ({
  status,
  headers: { 'content-type': type, ...more },
  body: Buffer.from(body),
  ms: 1,
})

type Rules = Parameters<typeof compareObservations>[3]
const none: Rules = { ignore: [], nilIsAbsent: false, arrays: [] }

async function pathsOf(legacy: string, extracted: string, type = 'application/json', config = none) {
  const { divergences } = await compareObservations(
    observed(legacy, type),
    observed(extracted, type),
    'r',
    config,
    plain,
    today,
  )
  return divergences.map(({ path }) => path)
}

test.each([
  ['order of keys', '{"a":1,"b":2}', '{"b":2,"a":1}', []],
  ['blanks and escapes', '{"a":"\\u00e9"}', '{ "a" : "é" }', []],
  ['forms of one number', '{"a":1.50,"b":100}', '{"a":1.5,"b":1e2}', []],
  ['large numbers that share a double', '{"a":12345678901234567890}', '{"a":12345678901234567891}', ['a']],
  ['a number and its text', '{"a":1}', '{"a":"1"}', ['a']],
  ['null and absent', '{"a":null}', '{}', ['a']],
  ['an element of a list', '{"items":[{"x":1},{"x":2}]}', '{"items":[{"x":1},{"x":3}]}', ['items[].x']],
  ['lists of different length', '{"items":[1]}', '{"items":[1,2]}', ['items.length']],
  ['order of a list', '[1,2]', '[2,1]', ['[]', '[]']],
  ['a key named __proto__', '{"__proto__":{"a":1}}', '{"__proto__":{"a":2}}', ['__proto__.a']],
])('JSON: %s', async (_what, legacy, extracted, paths) => {
  expect(await pathsOf(legacy, extracted)).toEqual(paths)
})

const xsi = 'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'

test.each([
  ['prefixes', '<a:r xmlns:a="u"><a:x>1</a:x></a:r>', '<r xmlns="u"><x>1</x></r>', []],
  [
    'namespaces',
    '<r xmlns="u"><x>1</x></r>',
    '<r xmlns="v"><x>1</x></r>',
    ['r.#namespace', 'r.x.#namespace'],
  ],
  ['order of attributes', '<r a="1" b="2"/>', '<r b="2" a="1"/>', []],
  ['indentation and comments', '<r>\n  <x>1</x><!-- c -->\n</r>', '<r><x>1</x></r>', []],
  ['CDATA and references', '<r><x><![CDATA[<&]]></x></r>', '<r><x>&lt;&amp;</x></r>', []],
  ['forms of one decimal', '<r><x>10.50</x></r>', '<r><x>10.5</x></r>', []],
  ['leading zeros, which are a code', '<r><x>007</x></r>', '<r><x>7</x></r>', ['r.x']],
  [
    'forms of one moment',
    '<r><x>2024-02-29T12:00:00Z</x></r>',
    '<r><x>2024-02-29T13:00:00.000+01:00</x></r>',
    [],
  ],
  ['two values', '<r><x>a</x></r>', '<r><x>b</x></r>', ['r.x']],
  ['an absent element', '<r><x>a</x></r>', '<r/>', ['r.x']],
  [
    'one of many',
    '<r><n><t>a</t></n><n><t>b</t></n></r>',
    '<r><n><t>a</t></n><n><t>c</t></n></r>',
    ['r.n.t'],
  ],
  ['how many', '<r><n>a</n></r>', '<r><n>a</n><n>b</n></r>', ['r.n.length']],
  ['the order of different elements', '<r><a>1</a><b>2</b></r>', '<r><b>2</b><a>1</a></r>', ['r.#order']],
  ['nil and empty', `<r ${xsi}><x xsi:nil="true"/></r>`, '<r><x></x></r>', ['r.x.@nil']],
  [
    'types by their namespace',
    `<r ${xsi} xmlns:a="u" xsi:type="a:T"/>`,
    `<r ${xsi} xmlns:b="u" xsi:type="b:T"/>`,
    [],
  ],
])('XML: %s', async (_what, legacy, extracted, paths) => {
  expect(await pathsOf(legacy, extracted, 'text/xml')).toEqual(paths)
})

const plain = concealValues('', ['*'])
const reading = { conceal: plain }
const today = '2027-01-31'

test('nil equals absent only where the file says so', async () => {
  const nil = `<r ${xsi}><x xsi:nil="true"/><y>1</y></r>`
  expect(await pathsOf(nil, '<r><y>1</y></r>', 'text/xml')).not.toEqual([])
  expect(await pathsOf(nil, '<r><y>1</y></r>', 'text/xml', { ...none, nilIsAbsent: true })).toEqual([])
})

test('compares the payload of SOAP messages, faults by the meaning of their code', async () => {
  const fault = (prefix: string) =>
    `<${prefix}:Envelope xmlns:${prefix}="http://schemas.xmlsoap.org/soap/envelope/"><${prefix}:Body><${prefix}:Fault><faultcode>${prefix}:Client</faultcode></${prefix}:Fault></${prefix}:Body></${prefix}:Envelope>`
  expect(await pathsOf(fault('soap'), fault('S'), 'text/xml')).toEqual([])
  expect(await pathsOf(fault('soap'), fault('soap').replace(':Client', ':Server'), 'text/xml')).toEqual([
    'Fault.faultcode',
  ])
})

test('compares status first, then the media type', async () => {
  const one = observed('{"a":1}', 'application/json; charset=utf-8')
  const compare = async (other: Observation) =>
    (await compareObservations(one, other, 'r', none, plain, today)).divergences
  expect(await compare(observed('{"a":2}', 'application/json', {}, 404))).toEqual([
    { path: 'status', legacy: '200', extracted: '404' },
  ])
  expect(await compare(observed('<a/>', 'text/xml'))).toMatchObject([{ path: 'content-type' }])
  expect(await compare(observed('{"a":1}', 'application/json'))).toEqual([])
})

test('decodes compressed bodies, and not without limit', async () => {
  const clear = observed('{"a":1}', 'application/json')
  const packed = observed(gzipSync('{"a":1}'), 'application/json', { 'content-encoding': 'gzip' })
  expect(await compareObservations(clear, packed, 'r', none, plain, today)).toMatchObject({
    result: 'matched',
  })
  const bomb = observed(gzipSync(Buffer.alloc(20_000_000)), 'application/json', {
    'content-encoding': 'gzip',
  })
  await expect(compareObservations(clear, bomb, 'r', none, plain, today)).rejects.toThrow()
})

test('a rule covers its path and what is below it, on its route only', async () => {
  const rule = { route: 'r', path: 'meta', reason: 'clocks' }
  const config = { ...none, ignore: [rule] }
  const compare = (route: string) =>
    compareObservations(
      observed('{"meta":{"at":1},"metal":1}', 'application/json'),
      observed('{"meta":{"at":2},"metal":1}', 'application/json'),
      route,
      config,
      plain,
      today,
    )
  expect(await compare('r')).toEqual({
    result: 'ignored',
    divergences: [],
    ignored: [{ path: 'meta.at', reason: 'clocks' }],
  })
  expect(await compare('other')).toMatchObject({ result: 'diverged' })
  expect(await pathsOf('{"meta":1,"metal":1}', '{"meta":1,"metal":2}', 'application/json', config)).toEqual([
    'metal',
  ])
})

test.each([
  ['a DOCTYPE', '<!DOCTYPE r [<!ENTITY x "y">]><r>&x;</r>'],
  ['no XML', '{'],
  ['deep nesting', `${'<a>'.repeat(300)}${'</a>'.repeat(300)}`],
])('refuses to compare %s', async (_what, body) => {
  await expect(
    compareObservations(observed(body, 'text/xml'), observed('<r/>', 'text/xml'), 'r', none, plain, today),
  ).rejects.toThrow()
})

test('a document equals itself however its keys are ordered, and any planted change is found', () => {
  const shuffled = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(shuffled)
    if (typeof value !== 'object' || value === null) return value
    return Object.fromEntries(
      Object.entries(value)
        .reverse()
        .map(([key, item]) => [key, shuffled(item)]),
    )
  }
  fc.assert(
    fc.property(fc.jsonValue(), value => {
      const text = JSON.stringify(value)
      expect(
        differences(canonicalJson(text), canonicalJson(JSON.stringify(shuffled(value))), reading),
      ).toEqual([])
      const wrapped = (planted: string) => canonicalJson(`{"kept":${text},"planted":${planted}}`)
      expect(differences(wrapped('"a"'), wrapped('"b"'), reading).map(({ path }) => path)).toEqual([
        'planted',
      ])
    }),
  )
})

test('values in samples are hashed by a key: equal ones stay equal, others differ, and none can be read', () => {
  const conceal = concealValues('key', ['creditLimit'])
  const shown = differences(
    canonicalJson(
      '{"name":"Ann Example","mail":"Ann Example","creditLimit":"1.50","no":4711,"gone":1,"vip":true}',
    ),
    canonicalJson('{"name":"Ann Exampla","mail":"x","creditLimit":"2.50","no":4712,"vip":false}'),
    { conceal },
  )
  expect(JSON.stringify(shown)).not.toMatch(/Ann|471/)
  expect(shown).toContainEqual({ path: 'creditLimit', legacy: '"1.50"', extracted: '"2.50"' })
  expect(shown).toContainEqual({ path: 'vip', legacy: 'true', extracted: 'false' })
  expect(shown[0]).toMatchObject({
    path: 'name',
    legacy: expect.stringMatching(/^text of 11 #[0-9a-f]{12}$/),
  })
  expect(conceal('name', 'a', 'text')).toBe(conceal('name', 'a', 'text'))
  expect(conceal('name', 'a', 'text')).not.toBe(conceal('name', 'b', 'text'))
  expect(conceal('name', 'a', 'text')).not.toBe(concealValues('other', [])('name', 'a', 'text'))
})

test('the text of an XML element is hashed under the name of the element', () => {
  const [shown] = differences(
    canonicalXml('<c><name>Ann</name></c>', false),
    canonicalXml('<c><name>Bob</name></c>', false),
    { conceal: concealValues('key', []) },
  )
  expect(shown?.legacy).toBe(concealValues('key', [])('name', 'Ann', 'text'))
})

test('a rule holds through its last day and not longer', async () => {
  const on = (day: string) =>
    compareObservations(
      observed('{"at":1}', 'application/json'),
      observed('{"at":2}', 'application/json'),
      'r',
      {
        ...none,
        ignore: [{ path: 'at', reason: 'until the clocks are one', until: '2027-01-31' }],
      },
      plain,
      day,
    )
  expect(await on('2027-01-31')).toMatchObject({ result: 'ignored' })
  expect(await on('2027-02-01')).toMatchObject({ result: 'diverged' })
})

const compareLists = (legacy: unknown, extracted: unknown, rules: Partial<Rules>) =>
  pathsOf(JSON.stringify({ items: legacy }), JSON.stringify({ items: extracted }), 'application/json', {
    ...none,
    ...rules,
  })

const byKey = { arrays: [{ path: 'items[]', as: 'key' as const, key: 'id' }] }
const asSet = { arrays: [{ path: 'items[]', as: 'set' as const }] }

test('items are paired by their key where a rule says so, whatever their order', async () => {
  const [a, b, c] = [
    { id: 1, name: 'a' },
    { id: 2, name: 'b' },
    { id: 3, name: 'c' },
  ]
  expect(await compareLists([a, b, c], [c, a, b], byKey)).toEqual([])
  expect(await compareLists([a, b, c], [c, a, b], {})).not.toEqual([])
  expect(await compareLists([a, b], [{ id: 2, name: 'x' }, a], byKey)).toEqual(['items[].name'])
  expect(await compareLists([a, b], [b, c], byKey)).toEqual(['items[]', 'items[]'])
  expect(await compareLists([a, a], [a], byKey)).toEqual(['items[]'])
  expect(await compareLists([a], [c, a], { arrays: [{ ...byKey.arrays[0]!, route: 'other' }] })).toEqual([
    'items.length',
  ])
})

test('items are paired as a set where a rule says so, and what is ignored does not tell them apart', async () => {
  expect(await compareLists([1, 2, 2], [2, 1, 2], asSet)).toEqual([])
  expect(await compareLists([1, 2, 2], [2, 1, 1], asSet)).toEqual(['items[]'])
  expect(await compareLists([1.5, [{ x: 1, y: 2 }]], [[{ y: 2, x: 1 }], 1.5], asSet)).toEqual([])
  const [a, b] = [
    { no: 1, at: 5 },
    { no: 2, at: 6 },
  ]
  const ignoring = { ...asSet, ignore: [{ path: 'items[].at', reason: 'clocks' }] }
  expect(
    await compareLists(
      [a, b],
      [
        { no: 2, at: 9 },
        { no: 1, at: 9 },
      ],
      ignoring,
    ),
  ).toEqual([])
  expect(
    await compareLists(
      [a, b],
      [
        { no: 2, at: 9 },
        { no: 3, at: 9 },
      ],
      ignoring,
    ),
  ).toEqual(['items[].no'])
})

test('XML elements of one name are a list whose rule names their path', async () => {
  const list = (...ids: string[]) =>
    `<r>${ids.map(id => `<n><k>${id}</k><v>${Number(id)}</v></n>`).join('')}</r>`
  const keyed = { ...none, arrays: [{ path: 'r.n', as: 'key' as const, key: 'k' }] }
  const set = { ...none, arrays: [{ path: 'r.n', as: 'set' as const }] }
  expect(await pathsOf(list('1.0', '2'), list('2.0', '1'), 'text/xml', keyed)).toEqual([])
  expect(await pathsOf(list('1.0', '2'), list('2.0', '1'), 'text/xml', set)).toEqual([])
  expect(await pathsOf(list('1', '2'), list('2', '3'), 'text/xml', keyed)).toEqual(['r.n', 'r.n'])
})

test('a set equals any order of itself, and any planted change is found', () => {
  const arrayAt = () => ({ as: 'set' as const })
  fc.assert(
    fc.property(fc.array(fc.jsonValue()), fc.jsonValue(), (items, planted) => {
      const text = (list: unknown[]) => canonicalJson(JSON.stringify(list))
      expect(differences(text(items), text([...items].reverse()), { ...reading, arrayAt })).toEqual([])
      expect(
        differences(text(items), text([planted, ...items]), { ...reading, arrayAt }).length,
      ).toBeGreaterThan(0)
    }),
  )
})
