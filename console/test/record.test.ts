import { expect, test } from '@jest/globals'
import { startFake, stateFolder, strangler } from './fake-system.ts'

const figures = {
  id: 'rec-1',
  active: false,
  capability: 'customers',
  seen: 12,
  recorded: 10,
  skipped: { 'body-too-large': 2, aborted: 0 },
  files: ['/var/strangler/rec-1.jsonl'],
}

async function against(run: (folder: string) => Promise<{ exit: number; stdout: string; stderr: string }>) {
  await using proxy = await startFake(({ method, path }, response) => {
    const begun = { ...figures, active: true, seen: 0, recorded: 0, files: [] }
    const answer =
      method === 'POST' ? begun : path.endsWith('/recordings') ? { recordings: [figures] } : figures
    response.end(JSON.stringify(answer))
  })
  await using system = await stateFolder({ proxy: { url: 'http://127.0.0.1:1', adminUrl: proxy.url } })
  return { ...(await run(system.folder)), asked: proxy.asked }
}

test('records for so long, ends the recording, and says what it is good for', async () => {
  const args = [
    'record',
    'customers',
    '--seconds',
    '1',
    '--sample',
    '0.5',
    '--redact',
    'iban,pin',
    '--reason',
    'why',
  ]
  const ran = await against(folder => strangler(folder, args))
  expect(ran.asked.map(({ method, path }) => `${method} ${path}`)).toEqual([
    'POST /admin/recordings',
    'DELETE /admin/recordings/rec-1',
  ])
  expect(ran.asked[0]!.body).toEqual({
    capability: 'customers',
    sample: 0.5,
    redact: ['iban', 'pin'],
    by: 'ada',
    reason: 'why',
  })
  expect(ran).toMatchObject({ exit: 0, stdout: expect.stringContaining('10 of 12 requests') })
  expect(ran.stdout).toContain('2 body-too-large')
  expect(ran.stdout).toContain('--requests /var/strangler/rec-1.jsonl')
})

test('Ctrl-C ends the recording too', async () => {
  const press = new AbortController()
  const ran = await against(async folder => {
    const running = strangler(folder, ['record', '--json'], {
      signal: press.signal,
      // The verb has begun to wait once it says what it records.
      stderrWritten: () => press.abort(),
    })
    return running
  })
  expect(ran.asked.at(-1)).toMatchObject({ method: 'DELETE', path: '/admin/recordings/rec-1' })
  expect(JSON.parse(ran.stdout)).toMatchObject({ id: 'rec-1', recorded: 10 })
})

test('lists what there is, and says so where no proxy runs', async () => {
  const ran = await against(folder => strangler(folder, ['record', '--list']))
  expect(ran.stdout).toContain('rec-1')
  expect(ran.asked).toHaveLength(1)
  expect((await strangler('/', ['record', '--list'])).stderr).toContain('NOT_RUNNING')
})
