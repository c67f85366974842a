import { execFile } from 'node:child_process'
import { existsSync } from 'node:fs'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { strangler } from './fake-system.ts'

const run = promisify(execFile)
// STRANGLER_FISH names a fish that is not on the usual path; without one these are counted as skipped.
const fish = process.env.STRANGLER_FISH ?? '/usr/bin/fish'
const withFish = existsSync(fish) ? test : test.skip

test('every verb, its options and its words are in the script, and no quote is left open', async () => {
  const { stdout } = await strangler('/', ['completion', 'fish'])
  for (const verb of ['stage', 'cutover', 'doctor', 'init', 'parked'])
    expect(stdout).toContain(` -a ${verb} -d `)
  expect(stdout).toContain("-a 'legacy shadow canary extracted retired'")
  expect(stdout).toContain("-a '(strangler capability-names 2>/dev/null)'")
  for (const line of stdout.split('\n')) expect(line.replace(/\\['\\]/g, '').split("'").length % 2).toBe(1)
})

withFish.each([
  ['strangler st', ['stage', 'status']],
  ['strangler stage c', ['catalog', 'customers']],
  ['strangler stage customers s', ['shadow']],
  ['strangler run customers --to ca', ['canary']],
  ['strangler cutover customers --d', ['--dry-run']],
])('after %p fish offers %p', async (typed, expected) => {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-fish-'))
  try {
    const script = join(folder, 'strangler.fish')
    await writeFile(script, (await strangler('/', ['completion', 'fish'])).stdout)
    await writeFile(join(folder, 'strangler'), '#!/bin/sh\nprintf "customers\\ncatalog\\n"\n')
    await chmod(join(folder, 'strangler'), 0o755)
    const env = { ...process.env, HOME: folder, PATH: `${folder}:${process.env.PATH}` }
    const { stdout } = await run(fish, ['-c', `source ${script}; complete -C '${typed}'`], { env })
    const words = stdout
      .split('\n')
      .filter(line => line !== '')
      .map(line => line.split('\t')[0])
    expect(words.sort()).toEqual([...expected].sort())
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
})
