import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, expect, test } from '@jest/globals'
import { systemClock } from '@strangler/kit/clock.ts'
import { listen } from '@strangler/kit/listen.ts'
import { createDrillFault, planFault } from '../src/drill/drill-fault.ts'
import { faultNames, readFault } from '../src/faults/fault-name.ts'
import { createFaultNetwork, type FaultNetwork } from '../src/faults/fault-network.ts'
import { openProcesses } from '../src/faults/processes.ts'

const closing: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close()
})

async function networkBefore(): Promise<{ network: FaultNetwork; url: string }> {
  const server = createServer((asked, reply) => asked.pipe(reply))
  const { url, close } = await listen(server, 0, '127.0.0.1', 100)
  closing.push(close)
  const network = createFaultNetwork()
  closing.push(network.close)
  return { network, url: await network.through(url) }
}

/** Sends a body through and answers what came back. */
async function echo(url: string, body: string): Promise<string> {
  const sent = request(url, { method: 'POST', agent: false })
  sent.end(body)
  const [reply] = (await once(sent, 'response')) as [AsyncIterable<Buffer>]
  const chunks: Buffer[] = []
  for await (const chunk of reply) chunks.push(chunk)
  return Buffer.concat(chunks).toString()
}

test('a network that is whole passes every byte on', async () => {
  const { url } = await networkBefore()
  const large = 'x'.repeat(3_000_000)
  expect(await echo(url, large)).toBe(large)
})

test('a cut network resets what is open and what is new, and is whole again afterwards', async () => {
  const { network, url } = await networkBefore()
  const hanging = request(url, { method: 'POST', agent: false })
  hanging.write('half')
  await once(hanging, 'socket').then(([socket]) => once(socket, 'connect'))
  const failed = once(hanging, 'error')
  network.become({ kind: 'cut' })
  await failed.catch(() => {})
  await expect(echo(url, 'refused')).rejects.toThrow()
  network.become({ kind: 'pass' })
  expect(await echo(url, 'whole')).toBe('whole')
})

test('a slow network keeps bytes and their order, and takes its time', async () => {
  const { network, url } = await networkBefore()
  network.become({ kind: 'slow', latencyMs: 30 })
  const began = performance.now()
  expect(await echo(url, 'slowly')).toBe('slowly')
  expect(performance.now() - began).toBeGreaterThan(55)
})

test('one address is reached through one piece of network, whatever its path', async () => {
  const network = createFaultNetwork()
  closing.push(network.close)
  const first = new URL(await network.through('mysql://user:pw@127.0.0.1:3399/legacy'))
  const second = new URL(await network.through('mysql://other:pw@127.0.0.1:3399/control'))
  expect([first.port === second.port, first.username, second.pathname]).toEqual([true, 'user', '/control'])
})

test('a fault is named with its point, or draws one by its seed', () => {
  expect(readFault('kill-proxy@cutover.fence.before', () => 0)).toEqual({
    name: 'kill-proxy',
    kind: { do: 'kill', part: 'proxy' },
    point: 'cutover.fence.before',
  })
  expect(readFault('cut-network', () => 0).point).toBe('cutover.arm.before')
  expect(readFault('stray-writer', () => 0.99).point).toBe('rollback.disarm.before')
  for (const name of faultNames) expect(readFault(name, () => 0).name).toBe(name)
  expect(() => readFault('kill-everything', () => 0)).toThrow('there is no fault "kill-everything"')
  expect(() => readFault('kill-proxy@lunch', () => 0)).toThrow('there is no fail-point "lunch"')
})

test('an engine that was not told so injects nothing', () => {
  const parts = {} as Parameters<typeof planFault>[0]
  const plan = {} as Parameters<typeof planFault>[1]
  expect(() => planFault(parts, plan, 'kill-proxy', 1)).toThrow('this engine does not inject faults')
  expect(planFault(parts, plan, undefined, 1).planned).toBe(false)
})

test('a fault happens once, at its point, and is waited for', async () => {
  let injections = 0
  const fault = createDrillFault(
    readFault('kill-sync@cutover.fence.before', () => 0),
    {
      inject: async () => `done ${++injections}`,
      startStray: () => {
        throw new Error('no stray writer was asked for')
      },
    },
  )
  expect(fault.findings()).toEqual(['kill-sync: its point was never reached'])
  const reached: string[] = []
  const at = fault.at(name => reached.push(name))
  for (const name of ['cutover.fence.before', 'cutover.fence.after', 'cutover.fence.before']) at(name)
  await fault.healed()
  expect([reached.length, injections, fault.findings(), fault.report()?.outcome]).toEqual([
    3,
    1,
    [],
    'done 1',
  ])
})

test('a stray write that is let in while the other side owns them is found', async () => {
  const rounds = [
    { accepted: 4, refused: 0, lastRefusal: null },
    { accepted: 1, refused: 9, lastRefusal: 'STRANGLER-FENCE' },
  ]
  const fault = createDrillFault(
    readFault('stray-writer@cutover.arm.before', () => 0),
    {
      inject: async () => 'a stray writer wrote',
      startStray: () => ({ take: () => rounds.shift()!, stop: async () => {} }),
    },
  )
  fault.begin()
  fault.at(() => {})('cutover.arm.before')
  fault.ownerMoved()
  fault.ownerReturns()
  await fault.end()
  expect(fault.findings()).toEqual(['1 stray writes were accepted while the extracted side owned them'])
  expect(fault.report()?.outcome).toBe('a stray writer wrote: 9 refused by the fence')
})

test('a process is killed by the pid of run.json, and is back when that names another one', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'faults-'))
  closing.push(() => rm(folder, { recursive: true }))
  const file = join(folder, 'run.json')
  const write = (pid: number) => writeFile(file, JSON.stringify({ processes: { proxy: { pid } } }))
  await write(4_000_001)
  const sent: [number, string][] = []
  const processes = openProcesses(file, (pid, signal) => sent.push([pid, signal]), systemClock)
  await processes.kill('proxy')
  const back = processes.untilBack('proxy', 5_000)
  await write(4_000_002)
  await back
  await processes.pause('proxy', 1)
  expect(sent).toEqual([
    [4_000_001, 'SIGKILL'],
    [4_000_002, 'SIGSTOP'],
    [4_000_002, 'SIGCONT'],
  ])
  await expect(processes.kill('engine')).rejects.toMatchObject({ code: 'PROCESS_UNKNOWN' })
  await write(0)
  await expect(processes.kill('proxy')).rejects.toMatchObject({ code: 'PROCESS_UNKNOWN' })
  await expect(
    openProcesses(join(folder, 'none.json'), () => {}, systemClock).kill('proxy'),
  ).rejects.toMatchObject({ code: 'PROCESS_UNKNOWN' })
})
