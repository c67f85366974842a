import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from '@jest/globals'
import { json, startFake, stateFolder, strangler } from './fake-system.ts'

const run = promisify(execFile)

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'strangler-completion-'))
  await writeFile(join(folder, 'completion.bash'), (await strangler('/', ['completion', 'bash'])).stdout)
  // Stands for the command line while a shell asks it for names.
  await writeFile(
    join(folder, 'strangler'),
    '#!/bin/sh\n[ "$1" = capability-names ] && printf "customers\\ncatalog\\n"\n',
  )
  await chmod(join(folder, 'strangler'), 0o755)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

/** What bash offers after these words; the last is the one being typed. */
async function offered(...words: readonly string[]): Promise<string[]> {
  const script = `. "$1"; shift; COMP_WORDS=(strangler "$@"); COMP_CWORD=$#; _strangler; printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
  const { stdout } = await run('bash', ['-c', script, 'bash', join(folder, 'completion.bash'), ...words], {
    env,
  })
  return stdout.split('\n').filter(word => word !== '')
}

test.each([
  [['st'], ['status', 'stage']],
  [['cu'], ['cutover']],
  [
    ['stage', 'c'],
    ['customers', 'catalog'],
  ],
  [['stage', 'customers', 's'], ['shadow']],
  [['--json', 'stage', 'customers', 'c'], ['canary']],
  [['--state', 'plan', 'stage', 'customers', 'e'], ['extracted']],
  [['run', 'customers', '--to', 'ca'], ['canary']],
  [['cutover', 'customers', '--d'], ['--dry-run']],
  [['stage', 'customers', 'canary', '--reason', ''], []],
  [['completion', 'z'], ['zsh']],
  [['capa'], []],
])('after %j bash offers %j', async (words, expected) => {
  expect((await offered(...words)).sort()).toEqual([...expected].sort())
})

test('names are asked of the system that runs, and only names are words of a shell', async () => {
  const capabilities = ['customers', '$(rm -rf /)', 'catalog'].map(name => ({ name }))
  await using engine = await startFake(json({ generation: 1, capabilities }))
  await using system = await stateFolder({ engine: { pid: 1, url: engine.url } })
  const ran = await strangler(system.folder, ['capability-names'])
  expect(ran).toMatchObject({ exit: 0, stdout: 'customers\ncatalog\n' })
})

test('the verb by which the script asks is not listed', async () => {
  const { stdout } = await strangler('/', ['--help'])
  expect(stdout).toContain('completion')
  expect(stdout).not.toContain('capability-names')
})
