import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { get } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { createInterface } from 'node:readline'
import { expect, test } from '@jest/globals'
import { configText, startUpstream, until } from './proxy-kit.ts'
import { type SpawnedProxy, spawnProxy } from './spawn-proxy.ts'

const megabyte = 1_048_576
const growthLimit = 50 * megabyte
/** Over 5,000 requests: two kilobytes of each, if they were kept. */
const batchGrowthLimit = 10 * megabyte

function residentBytes(pid: number): number {
  const found = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))
  return Number(found?.[1]) * 1_024
}

/** How far memory rises over what the proxy has when it has served a while. */
async function growthDuring(proxy: SpawnedProxy, work: () => Promise<void>): Promise<number> {
  for (let turn = 0; turn < 100; turn++) await reply(proxy.url, '/warm')
  const before = residentBytes(proxy.pid)
  let most = before
  const watch = setInterval(() => {
    most = Math.max(most, residentBytes(proxy.pid))
  }, 20)
  await work()
  clearInterval(watch)
  return most - before
}

function reply(url: string, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    get(url + path, answer => {
      let bytes = 0
      answer.on('data', (chunk: Buffer) => {
        bytes += chunk.length
      })
      answer.on('end', () => resolve(bytes)).on('error', reject)
    }).on('error', reject)
  })
}

function open(url: string, bytes = ''): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const { port } = new URL(url)
    const socket = connect(Number(port), '127.0.0.1', () => {
      socket.off('error', reject).on('error', () => {})
      if (bytes !== '') socket.write(bytes)
      resolve(socket)
    })
    socket.once('error', reject)
  })
}

/** Answers `/bytes/N` with N bytes and anything else at once. */
async function startSource() {
  const block = Buffer.alloc(65_536, 'x')
  const upstream = await startUpstream('source')
  upstream.answer = ({ url }, response) => {
    let left = Number(/^\/bytes\/(\d+)/.exec(url)?.[1] ?? 2)
    response.writeHead(200, { 'content-length': left })
    const pump = () => {
      while (left > 0) {
        const chunk = left < block.length ? block.subarray(0, left) : block
        left -= chunk.length
        if (!response.write(chunk)) return void response.once('drain', pump)
      }
      response.end()
    }
    pump()
  }
  return upstream
}

test('a gigabyte streams through, and a reader that stalls is waited for, in less than 50 MB', async () => {
  const source = await startSource()
  {
    await using proxy = await spawnProxy(
      configText({ extra: 'limits: { bodyBytes: 300000000 }' }, source.url, source.url),
      1,
    )
    const down = await growthDuring(proxy, async () => {
      expect(await reply(proxy.url, '/bytes/1073741824')).toBe(1_073_741_824)
    })
    expect(down).toBeLessThan(growthLimit)

    const stalled = await growthDuring(proxy, async () => {
      const reader = await open(proxy.url, 'GET /bytes/104857600 HTTP/1.1\r\nHost: x\r\n\r\n')
      reader.pause()
      for (let turn = 0; turn < 200; turn++) expect(await reply(proxy.url, '/other')).toBe(2)
      reader.destroy()
    })
    expect(stalled).toBeLessThan(growthLimit)
  }
  await source.close()
})

test('a chunked body without end is refused at its limit with 413, in less than 50 MB', async () => {
  // It reads what comes and answers when the body has ended, which is never.
  const sink = createServer(socket => socket.on('error', () => {}).resume())
  await new Promise<void>(resolve => sink.listen(0, '127.0.0.1', resolve))
  const address = sink.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  const source = await startSource()
  {
    await using proxy = await spawnProxy(
      configText({ extra: 'limits: { bodyBytes: 300000000 }' }, url, source.url).replace(
        'default: legacy',
        'default: extracted',
      ),
      1,
    )
    const growth = await growthDuring(proxy, async () => {
      const client = await open(
        proxy.url,
        'POST /customers HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n',
      )
      const chunk = Buffer.concat([Buffer.from('10000\r\n'), Buffer.alloc(65_536, 'x'), Buffer.from('\r\n')])
      let received = ''
      client.on('data', bytes => {
        received += bytes
      })
      const pump = () => {
        while (received === '' && client.writable)
          if (!client.write(chunk)) return void client.once('drain', pump)
      }
      pump()
      await until(() => received.includes('\r\n'), 30_000)
      expect(received).toMatch(/^HTTP\/1.1 413 /)
      client.destroy()
    })
    expect(growth).toBeLessThan(growthLimit)
  }
  await Promise.all([source.close(), new Promise(resolve => sink.close(resolve))])
})

test('thousands of connections that say nothing are cut, and cost others nothing', async () => {
  const source = await startSource()
  {
    await using proxy = await spawnProxy(
      configText({ extra: 'timeouts: { requestHeadersMs: 3000 }' }, source.url, source.url),
      1,
    )
    const count = 5_000
    let cut = 0
    const growth = await growthDuring(proxy, async () => {
      const idle: Socket[] = []
      // In portions: the queue of the listener is short.
      for (let from = 0; from < count; from += 250)
        idle.push(
          ...(await Promise.all(
            Array.from({ length: 250 }, (_, index) => open(proxy.url, index % 2 === 0 ? '' : 'GET / HT')),
          )),
        )
      for (const socket of idle) socket.resume().on('close', () => cut++)
      while (cut < count) expect(await reply(proxy.url, '/other')).toBe(2)
    })
    expect(cut).toBe(count)
    expect(growth).toBeLessThan(2 * growthLimit)
  }
  await source.close()
})

test('thousands of clients that leave early leave nothing behind: no request, no connection, no handle', async () => {
  const hanging = new Set<Socket>()
  const upstream = createServer(socket => {
    hanging.add(socket)
    socket.on('error', () => {}).on('close', () => hanging.delete(socket))
    socket.resume()
  })
  await new Promise<void>(resolve => upstream.listen(0, '127.0.0.1', resolve))
  const address = upstream.address()
  const url = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  {
    await using proxy = await spawnProxy(configText({ stage: 'extracted' }, url, url), 1)
    const handles = async () =>
      Number(
        /strangler_process_nodejs_active_handles_total (\d+)/.exec(
          (await proxy.admin('GET', '/metrics')).text,
        )?.[1],
      )
    const before = await handles()
    // The heap takes its time to find its size; what were kept of each request would show in every batch.
    const growths: number[] = []
    while (growths.length < 8 && !growths.some(growth => growth < batchGrowthLimit)) {
      const start = residentBytes(proxy.pid)
      await leaveEarly(proxy, 5_000)
      growths.push(residentBytes(proxy.pid) - start)
    }
    expect(Math.min(...growths)).toBeLessThan(batchGrowthLimit)
    expect(await until(() => hanging.size === 0, 20_000)).toBe(true)
    expect(await until(async () => (await handles()) <= before + 2, 20_000)).toBe(true)
    const { json } = await proxy.admin('GET', '/admin/status')
    const { upstreams } = json as { upstreams: { instances: { pending: number }[] }[] }
    expect(upstreams.flatMap(({ instances }) => instances.map(({ pending }) => pending))).toEqual([0, 0])
    expect(proxy.logged.filter(line => line.includes('unhandled'))).toEqual([])
  }
  await new Promise(resolve => upstream.close(resolve))

  async function leaveEarly(proxy: SpawnedProxy, count: number): Promise<void> {
    for (let left = count; left > 0; left -= 100)
      await Promise.all(
        Array.from({ length: 100 }, async () => {
          const client = await open(proxy.url, 'GET /customers/1 HTTP/1.1\r\nHost: x\r\n\r\n')
          await new Promise(resolve => setImmediate(resolve))
          client.destroy()
        }),
      )
  }
})

test('an upstream that takes no connection is given up after connectMs, without a second write', async () => {
  // Its process stands still with a full queue, so the kernel drops what else comes: no answer, not even a refusal.
  const script =
    'const s=require("net").createServer().listen({port:0,host:"127.0.0.1",backlog:1},()=>console.log(s.address().port))'
  const hole = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] })
  const port = await new Promise<string>(resolve => createInterface(hole.stdout).once('line', resolve))
  hole.kill('SIGSTOP')
  const fill: Socket[] = []
  for (let index = 0; index < 8; index++) {
    const socket = connect(Number(port), '127.0.0.1')
    socket.on('error', () => {})
    fill.push(socket)
  }
  const source = await startSource()
  try {
    await using proxy = await spawnProxy(
      configText({ extra: 'timeouts: { connectMs: 500 }' }, `http://127.0.0.1:${port}`, source.url),
      1,
    )
    await until(() => fill.some(({ connecting }) => !connecting))
    const since = performance.now()
    const answers = await proxy.fresh(3, '/customers', { method: 'POST', body: '{}' })
    const took = performance.now() - since
    expect(answers.map(({ status }) => status)).toEqual([504, 504, 504])
    expect(answers[0]?.json).toMatchObject({ type: 'urn:problem:upstream-timeout' })
    expect(took).toBeGreaterThan(450)
    expect(took).toBeLessThan(20_000)
    expect(source.received).toEqual([])
  } finally {
    for (const socket of fill) socket.destroy()
    hole.kill('SIGKILL')
    await source.close()
  }
})
