import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { pythonWith, soapPeers } from '../src/test-support/python-packages.ts'
import { serveAcl, startPython } from './spawned.ts'

/** The REST façade over a server of spyne's, from the WSDL that it shows and nothing else. */
const python = await pythonWith(soapPeers)
const check = python === undefined ? test.skip : test
const opened: { close(): Promise<void> }[] = []
const folder = mkdtempSync(join(tmpdir(), 'spyne-'))
let url = ''

beforeAll(async () => {
  if (python === undefined) return
  const service = await startPython(python, 'spyne-service.py')
  opened.push(service)
  const wsdl = join(folder, 'stock.wsdl')
  writeFileSync(wsdl, await (await fetch(`${service.firstLine}?wsdl`)).text())
  const facade = await serveAcl(wsdl, '--endpoint', service.firstLine)
  opened.push(facade)
  url = facade.url
}, 120_000)

afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
  rmSync(folder, { recursive: true })
})

async function call(operation: string, input: unknown) {
  const reply = await fetch(`${url}/rpc/${operation}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(input),
  })
  const text = await reply.text()
  return { status: reply.status, body: text === '' ? undefined : JSON.parse(text) }
}

const shelf = {
  id: '9007199254740993',
  checked: '2024-02-29',
  seen: '2024-02-29T12:34:56.789000+00:00',
  full: false,
  load: 0.1,
  label: Buffer.from([0, 255, ...Buffer.from('bytes')]).toString('base64'),
  parts: {
    Part: [
      {
        '@code': '007',
        name: 'Größe <"A"> & Söhne 🚚 ]]>',
        weight: '10.50',
        colour: 'red',
        note: null,
        tags: ['a', ''],
      },
      {
        '@code': '8',
        name: ' spaces ',
        weight: '12345678901234567890.123456789',
        note: '',
        tags: [],
      },
    ],
  },
}

check('reads what spyne writes, to the last digit', async () => {
  expect(await call('GetShelf', { id: shelf.id })).toEqual({
    status: 200,
    body: { GetShelfResult: { $type: 'Shelf', ...shelf } },
  })
})

check('writes what spyne reads by its schema', async () => {
  const sent = await call('Echo', { shelf })
  expect(sent).toEqual({ status: 200, body: { EchoResult: { $type: 'Shelf', ...shelf } } })
  const { body } = await call('Weigh', { parts: shelf.parts })
  expect(body.WeighResult).toMatch(/^12345678901234567900?\.?\d*$|^1234567890123456790\d\.\d+$/)
})

check.each([
  [0, []],
  [1, ['x & <y>']],
  [3, ['x & <y>', 'x & <y>', 'x & <y>']],
])('has an array for %d items', async (times, strings) => {
  const { body } = await call('Repeat', { text: 'x & <y>', times: String(times) })
  expect(body).toEqual({ RepeatResult: { string: strings } })
})

check('answers an empty reply', async () => {
  expect(await call('Ping', {})).toEqual({ status: 200, body: {} })
})

check('answers its faults as problems', async () => {
  expect(await call('GetShelf', { id: '404' })).toMatchObject({
    status: 400,
    body: { detail: 'shelf 404 is missing', fault: { code: 'Client.ShelfMissing' } },
  })
  const crash = await call('Crash', {})
  expect(crash.status).toBe(502)
  expect(JSON.stringify(crash.body)).not.toContain('secret')
})
