import { execFile } from 'node:child_process'
import { cp, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { runCli } from '../src/cli.ts'
import { startFakeConnect } from './fake-connect.ts'
import { configWith } from './good-config.ts'

const run = promisify(execFile)
const good = JSON.stringify(configWith({}))
const bad = JSON.stringify(configWith({ 'database.pasword': 'hunter2', 'tasks.max': '2' }))

async function cli(args: readonly string[], files: Record<string, string> = {}) {
  let out = ''
  let err = ''
  const exit = await runCli(args, {
    readText: async path => {
      const text = files[path]
      if (text === undefined) throw new Error('no such file')
      return text
    },
    out: text => {
      out += text
    },
    err: text => {
      err += text
    },
  })
  return { exit, out, err }
}

test('check: 0 for a file without errors, 3 with them', async () => {
  expect(await cli(['check', 'a.json'], { 'a.json': good })).toEqual({
    exit: 0,
    out: 'a.json: 0 errors, 0 warnings\n',
    err: '',
  })
  const { exit, out } = await cli(['check', 'a.json'], { 'a.json': bad })
  expect(exit).toBe(3)
  expect(out).toBe(
    [
      'error    database.pasword  no such property; it is probably database.password, which is set as well',
      '         → database.password',
      'error    tasks.max         2 tasks: a binlog is read by one task, and the connector refuses to start',
      '         → 1',
      'a.json: 2 errors, 0 warnings',
      '',
    ].join('\n'),
  )
})

test('check --json: one document', async () => {
  const { exit, out } = await cli(['check', 'a.json', '--json', '--debezium', '3.4'], { 'a.json': bad })
  expect(exit).toBe(3)
  expect(JSON.parse(out)).toMatchObject({
    ok: false,
    file: 'a.json',
    connector: 'mariadb',
    debezium: '3.4',
    findings: [{ property: 'database.pasword' }, { property: 'tasks.max' }],
  })
})

test('warnings alone are no errors', async () => {
  const { exit, out } = await cli(['check', 'a.json'], {
    'a.json': JSON.stringify(configWith({ owner: 'shop' })),
  })
  expect([exit, out.split('\n').at(-2)]).toEqual([0, 'a.json: 0 errors, 1 warning'])
})

test.each([
  [[], 'debezium-connector-config VERB'],
  [['chek', 'a.json'], 'no verb chek; did you mean check?'],
  [['check'], 'check takes FILE'],
  [['check', 'gone.json'], "gone.json can't be read: no such file"],
  [['check', 'broken.json'], 'broken.json is not JSON'],
  [['check', 'a.json', '--debezium', '1.9'], '--debezium takes 2.7'],
  [['check', 'a.json', '--jsn'], "Unknown option '--jsn'"],
  [['status', 'x'], 'status needs --connect URL'],
  [['offsets', 'put', 'x', '--connect', 'http://x'], 'offsets get, alter or reset'],
  [['status', 'x', '--connect', 'http://x', '--wait', '-1'], '--wait'],
])('%j is unusable: 2', async (args, message) => {
  const { exit, out, err } = await cli(args, { 'a.json': good, 'broken.json': '{"a": ' })
  expect([exit, out]).toEqual([2, ''])
  expect(err).toContain(message)
})

test('explains itself when asked', async () => {
  const { exit, out } = await cli(['--help'])
  expect([exit, out.split('\n')[0]]).toEqual([0, 'debezium-connector-config VERB …'])
})

test('applies, shows, pauses, resumes, stops, resets and deletes', async () => {
  await using connect = await startFakeConnect()
  const files = {
    'a.json': good,
    'o.json': '{"offsets": [{"partition": {"server": "shop"}, "offset": {"pos": 4}}]}',
  }
  const at = (...args: string[]) => cli([...args, '--connect', connect.url], files)
  expect((await at('apply', 'a.json')).out).toContain(
    'created\nshop-source  RUNNING  on 127.0.0.1:8083\n  task 0  RUNNING',
  )
  expect(JSON.parse((await at('apply', 'a.json', '--json')).out)).toMatchObject({
    ok: true,
    outcome: 'unchanged',
  })
  expect((await at('pause', 'shop-source')).out).toContain('PAUSED')
  expect((await at('resume', 'shop-source')).exit).toBe(0)
  expect((await at('restart', 'shop-source', '--only-failed')).exit).toBe(0)
  expect(await at('offsets', 'reset', 'shop-source')).toMatchObject({
    exit: 1,
    err: expect.stringContaining('stop it'),
  })
  expect((await at('stop', 'shop-source')).out).toContain('STOPPED')
  expect((await at('offsets', 'alter', 'shop-source', 'o.json')).out).toContain('altered successfully')
  expect((await at('offsets', 'get', 'shop-source')).out).toBe('{"server":"shop"}  {"pos":4}\n')
  expect((await at('delete', 'shop-source')).out).toBe('deleted shop-source; its offsets stay\n')
  expect(await at('status', 'shop-source')).toMatchObject({
    exit: 1,
    err: expect.stringContaining('no connector'),
  })
}, 20_000)

test('applies nothing that has errors, here or in the connector', async () => {
  await using connect = await startFakeConnect()
  const files = { 'good.json': good, 'bad.json': bad }
  expect((await cli(['apply', 'bad.json', '--connect', connect.url], files)).exit).toBe(3)
  expect(connect.requests).toEqual([])
  connect.validationErrors = { 'database.hostname': 'Unable to connect' }
  const refused = await cli(['apply', 'good.json', '--connect', connect.url, '--json'], files)
  expect([refused.exit, JSON.parse(refused.out).code]).toEqual([3, 'CONFIG_REJECTED'])
  const validated = await cli(['validate', 'good.json', '--connect', connect.url], files)
  expect([validated.exit, validated.out.split('\n')[0]]).toEqual([
    3,
    'error    database.hostname  Unable to connect',
  ])
  expect(connect.connectors.size).toBe(0)
})

test('a connector that failed is exit 1, with its reason', async () => {
  await using connect = await startFakeConnect()
  connect.failWith = 'a.B: the binlog position 17 is gone\n\tat x'
  const { exit, err } = await cli(['apply', 'a.json', '--connect', connect.url], { 'a.json': good })
  expect([exit, err.split('\n')[0]]).toEqual([
    1,
    'task 0 of shop-source failed: the binlog position 17 is gone',
  ])
  expect((await cli(['status', 'shop-source', '--connect', connect.url])).exit).toBe(1)
})

test('the launcher runs from the repository, and built below node_modules', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'connector-config-'))
  try {
    const root = join(import.meta.dirname, '..')
    await writeFile(join(folder, 'a.json'), bad)
    const check = (launcher: string) =>
      run(process.execPath, [launcher, 'check', join(folder, 'a.json')]).catch(
        (failure: { code: number; stdout: string }) => failure,
      )
    expect(await check(join(root, 'bin', 'debezium-connector-config.js'))).toMatchObject({ code: 3 })

    const installed = join(folder, 'node_modules', 'debezium-connector-config')
    await mkdir(installed, { recursive: true })
    await cp(join(root, 'package.json'), join(installed, 'package.json'))
    await cp(join(root, 'bin'), join(installed, 'bin'), { recursive: true })
    await run(process.execPath, [join(root, 'bin', 'build.js'), join(installed, 'dist')])
    await symlink(join(root, '..', '..', 'node_modules', 'axios'), join(folder, 'node_modules', 'axios'))
    expect(await check(join(installed, 'bin', 'debezium-connector-config.js'))).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('2 errors, 0 warnings'),
    })
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}, 30_000)
