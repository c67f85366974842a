import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { runMain, startMain } from './run-main.ts'
import { createTestSchema, post, type TestSchema } from './test-shop.ts'

let schema: TestSchema

beforeAll(async () => {
  schema = await createTestSchema()
})
afterAll(() => schema.drop())

test('the process says where it listens, serves, and ends on a signal', async () => {
  const main = startMain('main.ts', { DATABASE_URL: schema.url })
  const ready = JSON.parse(await main.ready)
  expect(ready).toEqual({
    ready: true,
    pid: expect.any(Number),
    url: expect.stringMatching(/^http:\/\/127\.0\.0\.1:\d+$/),
  })
  expect((await post(ready.url, { content: '<c:FindCustomers/>' })).status).toBe(200)

  const second = await runMain('main.ts', { DATABASE_URL: schema.url, PORT: new URL(ready.url).port })
  expect(second.code).toBe(2)
  expect(second.stderr).toMatch(/^127\.0\.0\.1:\d+ is in use by another process: .*PORT.*\.\n$/)

  main.kill('SIGTERM')
  expect(await main.ended).toMatchObject({ code: 0, stderr: '' })
})

test('the process ends with its stdin when it is told to', async () => {
  const main = startMain('main.ts', { DATABASE_URL: schema.url, EXIT_WITH_STDIN: '1' })
  await main.ready
  main.endStdin()
  expect((await main.ended).code).toBe(0)
})

test('a database that is not there is one sentence without the password', async () => {
  const { code, stderr, stdout } = await runMain('main.ts', {
    DATABASE_URL: 'mysql://shop:sekret@127.0.0.1:1/shop',
  })
  expect([code, stdout]).toEqual([1, ''])
  expect(stderr).toMatch(/^The shop's database 127\.0\.0\.1:1\/shop can't be reached \(ECONNREFUSED\): .*\n$/)
  expect(stderr).not.toContain('sekret')
})

test.each([
  [{}, 'DATABASE_URL'],
  [{ DATABASE_URL: 'localhost/shop' }, 'DATABASE_URL'],
  [{ DATABASE_URL: 'mysql://127.0.0.1:1/shop', PORT: 'http' }, 'PORT'],
])('the environment %j is refused by name', async (env, name) => {
  const { code, stderr } = await runMain('main.ts', env)
  expect(code).toBe(2)
  expect(stderr).toContain(name)
})

test('installing twice fills the shop once', async () => {
  const env = { DATABASE_URL: schema.url }
  const first = await runMain('install-main.ts', env, ['--customers', '40'])
  expect(JSON.parse(first.stdout)).toMatchObject({ installed: true, customers: 40, orders: 10 })
  expect(await runMain('install-main.ts', env, ['--customers', '90'])).toEqual(first)
})
