import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { createProgram } from '../src/program.ts'
import { stateFolder, strangler } from './fake-system.ts'

test('with nothing running, a sentence says how to start it', async () => {
  const ran = await strangler('/', ['status'])
  expect(ran.exit).toBe(1)
  expect(ran.stdout).toBe('')
  expect(ran.stderr).toContain('npm start')
})

test.each([
  [['stauts'], 'Did you mean status?'],
  [['stage', 'customers', 'canary', '--percnt', '3', '--reason', 'x'], 'Did you mean --percent?'],
  [['stage', 'customers', 'canary'], '--reason'],
  [['stage', 'customers', 'canary', '--reason', ' '], 'must not be empty'],
  [['stage', 'customers', 'green', '--reason', 'x'], 'legacy, shadow, canary, extracted, retired'],
  [['stage', 'customers', 'canary', '--percent', '101', '--reason', 'x'], 'from 0 to 100'],
  [['plan', '../audit'], 'lower-case letters'],
  [['plan'], 'missing required argument'],
  [['drill', 'customers', '--rate', 'fast'], 'from 1 to 10000'],
  [['status', 'extra'], 'too many arguments'],
  [['--frobnicate'], '--frobnicate'],
])('%p is bad usage: exit 2, a sentence, one JSON document', async (args, part) => {
  const words = await strangler('/', args)
  expect(words.exit).toBe(2)
  expect(words.stdout).toBe('')
  expect(words.stderr).toContain(part)
  const document = await strangler('/', [...args, '--json'])
  expect(document.exit).toBe(2)
  const failure = JSON.parse(document.stdout) as Record<string, string>
  expect(failure.code).toBe('USAGE_INVALID')
  expect(failure.message).toContain(part)
  expect(failure.hint).toContain('--help')
})

test('escape sequences in a mistyped verb are not echoed', async () => {
  expect((await strangler('/', ['\u001b[2Jx'])).stderr).not.toContain('\u001b')
})

test('no arguments show the help; --version the version', async () => {
  const help = await strangler('/', [])
  expect(help.exit).toBe(0)
  expect(help.stdout).toContain('Usage: strangler')
  expect(await strangler('/', ['--version'])).toEqual({ exit: 0, stdout: '1.2.3\n', stderr: '' })
})

test('every verb has help with an example', async () => {
  const verbs =
    'doctor init up proxy check status plan compare record verify writers audit logs trace exceptions stage run cutover rollback drill parked connector completion acl'.split(
      ' ',
    )
  const known = createProgram({
    surroundings: { version: '1', stdout: {}, stderr: {} },
    answering: () => {},
    delegating: () => {},
  } as never)
  expect(
    known
      .createHelp()
      .visibleCommands(known)
      .map(command => command.name())
      .filter(name => name !== 'help')
      .sort(),
  ).toEqual([...verbs].sort())
  for (const verb of verbs) {
    const { exit, stdout } = await strangler('/', [verb, '--help'])
    expect(exit).toBe(0)
    expect(stdout).toContain('Examples:\n  npx strangler')
  }
})

test('proxy and check hand over their arguments as typed, and their exit code', async () => {
  const calls: (readonly string[])[] = []
  const runProxy = async (args: readonly string[]) => {
    calls.push(args)
    return 2
  }
  const config = ['proxy', '--config', 'a.yaml', '--listen', '127.0.0.1:0', '--new-option', 'x']
  expect(await strangler('/', config, { runProxy })).toEqual({ exit: 2, stdout: '', stderr: '' })
  expect((await strangler('/', ['--json', 'check', 'b.yaml'], { runProxy })).exit).toBe(2)
  expect(calls).toEqual([config, ['check', '--json', 'b.yaml']])
})

test('a run.json that is no JSON, and a token that no header carries, are sentences', async () => {
  await using broken = await stateFolder(undefined)
  await writeFile(join(broken.stateDir, 'run.json'), '{')
  expect((await strangler(broken.folder, ['status'])).stderr).toContain('RUN_FILE_UNREADABLE')
  await using odd = await stateFolder({ engine: { url: 'http://127.0.0.1:9' } }, 'sec\u0000ret')
  const ran = await strangler(odd.folder, ['status', '--json'])
  expect(ran.exit).toBe(2)
  expect(JSON.parse(ran.stdout)).toMatchObject({ code: 'TOKEN_UNUSABLE' })
  expect(ran.stdout).not.toContain('ret"')
  await using none = await stateFolder({ engine: { url: 'http://127.0.0.1:9' } }, '')
  expect((await strangler(none.folder, ['status'])).exit).toBe(2)
})

test('a state folder of another user is not trusted unless it is named', async () => {
  await using system = await stateFolder({})
  const uid = (process.getuid?.() ?? 0) + 1
  const ran = await strangler(system.folder, ['status'], { uid })
  // A folder of root is trusted by all: as root this test can only see the other half.
  expect(ran.stderr).toContain(process.getuid?.() === 0 ? 'NOT_RUNNING' : 'STATE_NOT_YOURS')
  expect((await strangler('/', ['status', '--state', system.stateDir], { uid })).stderr).toContain(
    'NOT_RUNNING',
  )
})

test('colours and bars stay off what is no terminal', async () => {
  expect((await strangler('/', ['status'])).stderr).not.toContain('\u001b')
  expect((await strangler('/', ['status'], { terminal: true })).stderr).toContain('\u001b[31m')
})
