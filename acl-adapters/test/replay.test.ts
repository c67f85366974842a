import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import type { ServerResponse } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { runAcl } from '../src/cli/run-acl.ts'
import { divergencesOf } from '../src/replay/compare-json.ts'
import { customerXml, envelope, sendXml, shopWsdl, startUpstream } from './shop-fixtures.ts'

const folder = mkdtempSync(join(tmpdir(), 'replay-'))
const opened: { close(): Promise<void> }[] = []
afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close()
  rmSync(folder, { recursive: true, force: true })
})

const namespace = 'urn:shop:2009:customers'
const request = (operation: string, content = '<custNo>42</custNo>') => ({
  method: 'POST',
  path: '/soap',
  headers: {
    'content-type': 'text/xml',
    soapaction: `"urn:shop:2009#${operation}"`,
    authorization: 'secret',
  },
  body: envelope(`<${operation} xmlns="${namespace}">${content}</${operation}>`),
})
const customer = (xml = customerXml) =>
  envelope(
    `<c:GetCustomerResponse xmlns:c="${namespace}"><c:customer>${xml}</c:customer></c:GetCustomerResponse>`,
  )

async function side(answer: (response: ServerResponse) => void) {
  const upstream = await startUpstream((_, response) => answer(response))
  opened.push(upstream)
  return upstream
}

async function replay(lines: readonly unknown[], ...flags: string[]) {
  const file = join(mkdtempSync(join(tmpdir(), 'replay-')), 'requests.jsonl')
  writeFileSync(file, lines.map(line => `${JSON.stringify(line)}\n`).join(''))
  let out = ''
  let error = ''
  const exit = await runAcl(['replay', shopWsdl, '--requests', file, ...flags], {
    lines: (async function* () {})(),
    write: async text => {
      out += text
    },
    writeError: text => {
      error += text
    },
    untilStopped: async () => {},
  })
  const results = out
    .trim()
    .split('\n')
    .filter(line => line !== '')
    .map(line => JSON.parse(line))
  return { exit, error, results, figures: results.at(-1) }
}

test('replies that say the same match, however they are written', async () => {
  const before = await side(response => sendXml(response, customer()))
  const other = customer(customerXml.replace('true<', '1<'))
    .replaceAll('c:', 'other:')
    .replace('xmlns:c', 'xmlns:other')
    .replace('<other:name>', '\n  <!-- layout --><other:name>')
  const after = await side(response => sendXml(response, other))
  const { exit, figures } = await replay(
    [request('GetCustomer')],
    '--before',
    before.url,
    '--after',
    after.url,
    '--reads',
    'GetCustomer',
  )
  expect(figures).toEqual({
    ...{ matched: 1, ignored: 0, diverged: 0, skipped: 0, failed: 0 },
    operations: { GetCustomer: { matched: 1, ignored: 0, diverged: 0, skipped: 0, failed: 0 } },
  })
  expect(exit).toBe(0)
  expect(after.last().headers.authorization).toBeUndefined()
})

test('names what differs by its pointer, and passes over what is to be ignored', async () => {
  const before = await side(response => sendXml(response, customer()))
  const after = await side(response =>
    sendXml(response, customer(customerXml.replace('1234.50', '1234.5').replace('2024-03-01', '2024-03-02'))),
  )
  const flags = ['--before', before.url, '--after', after.url, '--ignore', '/message/customer/changedAt']
  const line = { ...request('GetCustomer'), effect: 'read' }
  const first = await replay([line], ...flags)
  expect([first.exit, first.results[0]]).toEqual([
    3,
    {
      line: 1,
      operation: 'GetCustomer',
      verdict: 'diverged',
      divergences: [{ path: '/message/customer/creditLimit', before: '1234.50', after: '1234.5' }],
    },
  ])
  const second = await replay([line], ...flags, '--ignore', '/message/*/creditLimit')
  expect([second.exit, second.figures.ignored]).toEqual([0, 1])
})

test('compares with the recorded reply, faults by their typed detail and HTML as what it is', async () => {
  const fault = (custNo: number) =>
    envelope(
      `<s:Fault><faultcode>s:Client</faultcode><faultstring>no</faultstring><detail><f:CustomerNotFound xmlns:f="urn:shop:2009:common"><f:custNo>${custNo}</f:custNo></f:CustomerNotFound></detail></s:Fault>`,
    )
  const after = await side(response => sendXml(response, fault(42), 500))
  const lines = [
    {
      ...request('GetCustomer'),
      reply: { status: 500, body: fault(42).replaceAll('f:', 'g:').replace('xmlns:f', 'xmlns:g') },
    },
    { ...request('GetCustomer'), reply: { status: 500, body: fault(43) } },
    { ...request('GetCustomer'), reply: { body: '<html><br></html>' } },
  ]
  const { results, figures } = await replay(lines, '--after', after.url, '--reads', 'GetCustomer')
  expect(results[0].divergences).toEqual([
    { path: '/fault/detail/CustomerNotFound/custNo', before: 43, after: 42 },
  ])
  expect(results[1].divergences.map(({ path }: { path: string }) => path)).toContain('/unreadable')
  expect(figures).toMatchObject({ matched: 1, diverged: 2 })
})

test('sends no write unless told to, and says what it left out', async () => {
  const after = await side(response => sendXml(response, customer()))
  const lines = [
    request('SetCustomerStatus', '<custNo>42</custNo><statusCode>A</statusCode>'),
    request('Unheard'),
    { ...request('GetCustomer'), effect: 'read' },
    'no request',
  ]
  const { exit, results } = await replay(lines, '--after', after.url)
  expect([exit, results.map(({ line, verdict }) => [line, verdict])]).toEqual([
    3,
    [
      [1, 'skipped'],
      [2, 'failed'],
      [3, 'skipped'],
      [4, 'failed'],
      [undefined, undefined],
    ],
  ])
  expect(after.received).toEqual([])
  const sent = await replay(lines.slice(0, 1), '--after', after.url, '--before', after.url, '--writes')
  expect([sent.exit, after.received.length]).toEqual([0, 2])
})

test.each([
  [['--reads', 'Nope', '--after', 'http://127.0.0.1:1'], /--reads names Nope/],
  [['--after', 'ftp://x'], /--after needs an http URL/],
])('refuses bad usage %j', async (flags, message) => {
  const { exit, error } = await replay([], ...flags)
  expect([exit, error]).toEqual([2, expect.stringMatching(message)])
})

test('is not passed by an empty recording', async () => {
  expect((await replay([], '--after', 'http://127.0.0.1:1')).exit).toBe(3)
})

test('ignores what lies below a pointer and nothing beside it', () => {
  const before = { a: { b: 1, c: [1, 2] }, d: null }
  const after = { a: { b: 2, c: [1, 3, 4] } }
  expect(divergencesOf(before, after, ['/a/c/*']).diverged.map(({ path }) => path)).toEqual(['/a/b', '/d'])
  expect(divergencesOf(before, after, ['/a', '/d'])).toEqual({ diverged: [], ignored: 2 })
})
