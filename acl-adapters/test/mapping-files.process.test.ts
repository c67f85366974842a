import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, expect, test } from '@jest/globals'
import { customerJson, envelope, sendJson, sendXml, shopWsdl, startUpstream } from './shop-fixtures.ts'
import { serveAcl } from './spawned.ts'

/** Mappings given on the command line: what an adapter for another monolith than the sample's is made of. */
const folder = mkdtempSync(join(tmpdir(), 'mapping-'))
const opened: { close(): Promise<void> }[] = []
afterAll(async () => {
  for (const one of opened.reverse()) await one.close()
  rmSync(folder, { recursive: true })
})

function file(name: string, text: string): string {
  writeFileSync(join(folder, name), text)
  return join(folder, name)
}

const notes = (reads: string) => `
export const notes = {
  name: 'notes', bodyLimit: 1000, schemas: { Notes: {} }, reads: ${reads}, problemOf: () => undefined,
  resources: [{
    method: 'GET', path: '/notes/{id}', operation: 'ListCustomerNotes', summary: 'Notes', response: 'Notes', success: 200,
    input: ({ parameters }: { parameters: Record<string, string> }) => ({ input: { custNo: Number(parameters.id) } }),
    answer: (reply: { note: unknown[] }) => ({ status: 200, body: { count: reply.note.length } }),
  }],
}`

test('serves resources of a REST mapping beside the operations, with a read sent again', async () => {
  let calls = 0
  const monolith = await startUpstream((_, response) => {
    calls += 1
    if (calls === 1) response.destroy()
    else sendXml(response, envelope('<ListCustomerNotesResponse xmlns="urn:shop:2009:customers"/>'))
  })
  const mapping = file('notes.ts', notes("['ListCustomerNotes']"))
  const facade = await serveAcl(shopWsdl, '--endpoint', monolith.url, '--mapping', mapping)
  opened.push(monolith, facade)
  const reply = await fetch(`${facade.url}/notes/42`)
  expect([reply.status, await reply.json(), calls]).toEqual([200, { count: 0 }, 2])
  expect(await (await fetch(`${facade.url}/docs`)).text()).toContain('/notes/{id}')
}, 60_000)

test('serves operations of a SOAP mapping, from where they are in the repository', async () => {
  const service = await startUpstream((_, response) => sendJson(response, customerJson))
  const mapping = fileURLToPath(new URL('../adapters/customers/customers-soap.ts', import.meta.url))
  const facade = await serveAcl(shopWsdl, '--facade', '--upstream', service.url, '--mapping', mapping)
  opened.push(service, facade)
  const body = envelope('<GetCustomer xmlns="urn:shop:2009:customers"><custNo>42</custNo></GetCustomer>')
  const reply = await fetch(`${facade.url}/soap`, {
    method: 'POST',
    headers: { 'content-type': 'text/xml' },
    body,
  })
  expect([reply.status, service.last().path]).toEqual([200, '/customers/42'])
  expect(await reply.text()).toContain('custNo>42<')
}, 60_000)

test.each([
  [
    'a GET that is not declared to read',
    file('unread.ts', notes('[]')),
    /notes\.ListCustomerNotes.*not among the reads/s,
  ],
  [
    'an unknown operation',
    file('stranger.ts', notes("['ListCustomerNotes', 'Nope']")),
    /Nope.*the WSDL does not have it/s,
  ],
  ['nothing', file('empty.ts', 'export const other = 1'), /exports nothing with resources/],
  ['a wrong shape', file('wrong.ts', "export const a = { name: '', resources: [] }"), /reads/],
  ['a file that is not there', join(folder, 'none.ts'), /cannot be loaded/],
])('refuses %s at the start', async (_what, mapping, message) => {
  const main = fileURLToPath(new URL('../src/acl-main.ts', import.meta.url))
  const args = [main, 'serve', shopWsdl, '--endpoint', 'http://127.0.0.1:1', '--mapping', mapping]
  const [code, error] = await new Promise<[unknown, string]>(done =>
    execFile(process.execPath, args, (failure, _stdout, stderr) => done([failure?.code, stderr])),
  )
  expect([code, error]).toEqual([2, expect.stringMatching(message)])
})
