import { spawn } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { root } from '../src/test-system.ts'

test('the demo passes: every claim measured in its run holds', async () => {
  const demo = spawn(
    process.execPath,
    ['--disable-warning=ExperimentalWarning', join(root, 'demo/src/main.ts')],
    { stdio: ['ignore', 'pipe', 'pipe'] },
  )
  let output = ''
  demo.stdout.on('data', chunk => {
    output += chunk
  })
  demo.stderr.on('data', chunk => {
    output += chunk
  })
  const code = await new Promise(resolve => demo.on('close', resolve))
  if (code !== 0) throw new Error(`the demo ended with exit ${code}:\n${output}`)
  expect(output.trimEnd().split('\n').at(-1)).toMatch(/^demo: PASS /)
  const report = JSON.parse(await readFile(join(root, '.strangler/reports/demo.json'), 'utf8'))
  expect(report.ok).toBe(true)
  expect(report.claims.filter((claim: { ok: boolean }) => !claim.ok)).toEqual([])
}, 240_000)
