import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { fileURLToPath } from 'node:url'
import { expect, test } from '@jest/globals'
import { shopWsdl } from './shop-fixtures.ts'

const main = fileURLToPath(new URL('../src/main.ts', import.meta.url))

async function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [main], { env: { PATH: process.env.PATH, ...env } })
  let out = ''
  let err = ''
  child.stdout.on('data', chunk => (out += chunk))
  child.stderr.on('data', chunk => (err += chunk))
  const exited = once(child, 'exit')
  return { child, exited, out: () => out, err: () => err }
}

test('says where both façades listen, serves, and stops on SIGTERM', async () => {
  const { child, exited, out } = await run({
    WSDL: shopWsdl,
    MONOLITH_URL: 'http://127.0.0.1:1',
    CUSTOMERS_URL: 'http://127.0.0.1:1',
  })
  await once(child.stdout, 'data')
  const ready = JSON.parse(out())
  expect(ready).toMatchObject({ ready: true, pid: child.pid, url: ready.restUrl })
  expect((await fetch(`${ready.restUrl}/health/ready`)).status).toBe(200)
  expect((await fetch(`${ready.facadeUrl}/soap?wsdl`)).status).toBe(200)
  child.kill('SIGTERM')
  expect((await exited)[0]).toBe(0)
})

test('names every variable that is missing and ends with 2', async () => {
  const { exited, err } = await run({ WSDL: shopWsdl, MONOLITH_URL: 'nonsense' })
  expect((await exited)[0]).toBe(2)
  expect(err()).toMatch(/ENV_INVALID[\s\S]*MONOLITH_URL[\s\S]*CUSTOMERS_URL/)
})

test('says what is wrong with a WSDL, with no stack', async () => {
  const urls = { MONOLITH_URL: 'http://127.0.0.1:1', CUSTOMERS_URL: 'http://127.0.0.1:1' }
  const { exited, err } = await run({ WSDL: main, ...urls })
  expect((await exited)[0]).not.toBe(0)
  expect(err()).toMatch(/CONTRACT_INVALID.*main\.ts/)
  expect(err()).not.toMatch(/^\s+at /m)
})
