import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { loadPlans } from '../src/plan/load-plans.ts'

async function refusedWith(file: string, text: string) {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-plans-'))
  try {
    await writeFile(join(folder, file), text)
    return await loadPlans(folder).then(
      plans => ({ loaded: [...plans.keys()] }),
      (error: { code: string; message: string }) => ({ code: error.code, message: error.message }),
    )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

test.each([
  ['const plan = {', 'cannot be loaded'],
  ["throw new Error('no such table')", 'no such table'],
  ['export const other = 1', 'does not export a plan'],
  ['export const plan = { capability: "Big" }', 'lower-case letters'],
])('%p is refused with its file', async (text, part) => {
  const refused = await refusedWith('books.ts', text)
  expect(refused).toMatchObject({ code: 'PLAN_INVALID', message: expect.stringContaining('books.ts') })
  expect(refused).toMatchObject({ message: expect.stringContaining(part) })
})

test('a folder without plans has none, and one that is not there is a mistake of the configuration', async () => {
  expect(await refusedWith('readme.md', '')).toEqual({ loaded: [] })
  await expect(loadPlans('/nowhere/plans')).rejects.toMatchObject({ code: 'CONFIG_PLANS_UNREADABLE' })
})
