import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { createTestSchema, type TestSchema } from '@strangler/chassis/test-support/test-schema.ts'

const main = join(import.meta.dirname, '../src/main.ts')
let schema: TestSchema
let service: ChildProcess | undefined

async function start(env: Record<string, string> = {}): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, [main], {
    env: { DATABASE_URL: schema.url, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  })
  service = child
  const [line] = await once(child.stdout!, 'data')
  return { child, url: JSON.parse(String(line)).url }
}

beforeAll(async () => {
  schema = await createTestSchema(process.env.STRANGLER_TEST_DB)
})

afterAll(async () => {
  service?.kill('SIGKILL')
  await schema.drop()
})

test('has opened each customer exactly once when callers repeat their requests after kill -9', async () => {
  const keys = Array.from({ length: 60 }, (_, index) => `key-${index}`)
  const post = async (url: string, key: string) => {
    const answer = await fetch(`${url}/customers`, {
      method: 'POST',
      body: JSON.stringify({ name: key, creditLimit: '1' }),
      headers: { 'content-type': 'application/json', 'idempotency-key': key },
    })
    return { status: answer.status, text: await answer.text() }
  }
  const first = await start()
  let answered = 0
  const before = await Promise.all(
    keys.map(key =>
      post(first.url, key).then(
        answer => {
          if (++answered === 20) first.child.kill('SIGKILL')
          return answer
        },
        () => undefined,
      ),
    ),
  )
  expect(before.filter(answer => answer === undefined).length).toBeGreaterThan(0)

  const second = await start()
  const after = await Promise.all(keys.map(key => post(second.url, key)))
  expect(after.every(answer => answer.status === 201)).toBe(true)
  for (const [index, answer] of before.entries())
    if (answer !== undefined) expect(after[index]).toEqual(answer)
  expect(await schema.admin('SELECT COUNT(*) AS n, COUNT(DISTINCT name) AS names FROM customers')).toEqual([
    { n: keys.length, names: keys.length },
  ])

  const ended = once(second.child, 'exit')
  second.child.kill('SIGTERM')
  expect(await ended).toEqual([0, null])
})
