import { execFileSync } from 'node:child_process'
import { copyFile, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TLSSocket } from 'node:tls'
import { expect, test } from '@jest/globals'
import { listen } from '@strangler/kit/listen.ts'
import { startTestProxy, type TestProxy, until } from './proxy-kit.ts'

const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' })
const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes']

/** An authority of its own, and certificates that it has signed. */
async function makeAuthority() {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-upstream-tls-'))
  const at = (name: string) => join(folder, name)
  openssl(
    'req',
    '-x509',
    ...key,
    '-days',
    '2',
    '-subj',
    '/CN=authority',
    '-keyout',
    at('ca.key'),
    '-out',
    at('ca.pem'),
  )
  const sign = async (name: string, altName: string) => {
    openssl('req', ...key, '-subj', `/CN=${name}`, '-keyout', at(`${name}.key`), '-out', at(`${name}.csr`))
    await writeFile(at(`${name}.ext`), `subjectAltName=${altName}`)
    openssl(
      ...[
        'x509',
        '-req',
        '-days',
        '2',
        '-in',
        at(`${name}.csr`),
        '-CA',
        at('ca.pem'),
        '-CAkey',
        at('ca.key'),
      ],
      ...['-CAcreateserial', '-extfile', at(`${name}.ext`), '-out', at(`${name}.pem`)],
    )
  }
  await sign('server', 'DNS:inner.example')
  await sign('client', 'DNS:proxy.example')
  return { at, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

type Authority = Awaited<ReturnType<typeof makeAuthority>>

/** Answers who called, by certificate, and which name was asked for. */
async function startTlsServer({ at }: Authority, requestCert = false, closing = false) {
  const [cert, serverKey, ca] = await Promise.all(
    ['server.pem', 'server.key', 'ca.pem'].map(name => readFile(at(name))),
  )
  const server = createServer({ cert: cert!, key: serverKey!, ca: ca!, requestCert }, (request, response) => {
    const socket = request.socket as TLSSocket
    const peer = socket.getPeerCertificate()
    response.shouldKeepAlive = !closing
    response.end(JSON.stringify({ caller: peer?.subject?.CN ?? null, servername: socket.servername }))
  })
  const { port, close } = await listen(server, 0, '127.0.0.1', 0)
  return { url: `https://127.0.0.1:${port}`, [Symbol.asyncDispose]: close }
}

const upstream = (text: string) => (config: string) =>
  config.replace(/legacy: +\{ url: [^\n]*\}\n/, `legacy: { ${text} }\n`)

async function serve(proxy: TestProxy, text: string): Promise<void> {
  const before = proxy.generations.current().number
  await proxy.edit(upstream(text))
  await until(() => proxy.generations.current().number > before)
}

test('an upstream is believed by its certificate alone: of a known authority, and of the name that it is to have', async () => {
  await using authority = await makeAuthority()
  await using server = await startTlsServer(authority)
  await using proxy = await startTestProxy()
  const ca = authority.at('ca.pem')
  await serve(proxy, `url: "${server.url}"`)
  expect((await proxy.ask('/x')).status).toBe(502)
  await serve(proxy, `url: "${server.url}", tls: { ca: "${ca}" }`)
  // The certificate is of another name than the URL; that a client asks for that name changes nothing.
  expect((await proxy.ask('/x', { headers: { host: 'inner.example' } })).status).toBe(502)
  await serve(proxy, `url: "${server.url}", tls: { ca: "${ca}", servername: inner.example }`)
  for (const host of ['inner.example', 'evil.example', 'shop.example'])
    expect((await proxy.ask('/x', { headers: { host } })).json).toEqual({
      caller: null,
      servername: 'inner.example',
    })
}, 60_000)

test('shows its own certificate where an upstream asks, also to health checks and with copies', async () => {
  await using authority = await makeAuthority()
  await using server = await startTlsServer(authority, true)
  await using proxy = await startTestProxy({ stage: 'shadow' })
  const { at } = authority
  const tls = `tls: { ca: "${at('ca.pem')}", cert: "${at('client.pem')}", key: "${at('client.key')}", servername: inner.example }`
  const before = proxy.generations.current().number
  await proxy.edit(text =>
    text
      .replace(
        /legacy: +\{ url: [^\n]*\}\n/,
        `legacy: { url: "${server.url}", ${tls}, health: { path: /up } }\n`,
      )
      .replace(/extracted: +\{ url: [^\n]*\}\n/, `extracted: { url: "${server.url}", ${tls} }\n`),
  )
  await until(() => proxy.generations.current().number > before)
  expect((await proxy.ask('/customers/1')).json).toEqual({ caller: 'client', servername: 'inner.example' })
  const status = async () => JSON.stringify((await proxy.admin('GET', '/admin/status')).json)
  expect(await until(async () => (await status()).includes('"matched":1'))).toBe(true)
  expect(await status()).not.toContain('"healthy":false')
}, 60_000)

test('a renewed certificate is used for the next connection; one that is broken leaves the one before', async () => {
  await using authority = await makeAuthority()
  await using server = await startTlsServer(authority, true, true)
  await using proxy = await startTestProxy()
  const { at } = authority
  const use = async (name: string) => {
    await copyFile(at(`${name}.pem`), at('used.pem'))
    await copyFile(at(`${name}.key`), at('used.key'))
  }
  await use('client')
  await serve(
    proxy,
    `url: "${server.url}", tls: { ca: "${at('ca.pem')}", cert: "${at('used.pem')}", key: "${at('used.key')}", servername: inner.example }`,
  )
  const caller = async () => (await proxy.ask('/x')).json
  expect(await caller()).toMatchObject({ caller: 'client' })
  await writeFile(at('used.pem'), 'no certificate')
  for (let turn = 0; turn < 3; turn++) expect(await caller()).toMatchObject({ caller: 'client' })
  expect(proxy.logged.filter(({ msg }) => String(msg).startsWith('certificates cannot'))).toHaveLength(1)
  await use('server')
  expect(await caller()).toMatchObject({ caller: 'server' })
}, 60_000)

test('names every file that cannot be used, by its path in the configuration, and keeps what it served', async () => {
  await using authority = await makeAuthority()
  await using proxy = await startTestProxy()
  const { at } = authority
  const problems = async (tls: string) => {
    await proxy.edit(upstream(`url: "https://127.0.0.1:9", tls: { ${tls} }`))
    await proxy.admin('POST', '/admin/reload')
    return proxy.generations.problems().map(({ path }) => path)
  }
  await writeFile(at('empty.pem'), 'nothing')
  expect(await problems(`ca: "missing.pem", cert: "${at('empty.pem')}", key: "${at('client.key')}"`)).toEqual(
    ['upstreams.legacy.tls.ca', 'upstreams.legacy.tls.cert'],
  )
  expect(await problems(`cert: "${at('client.pem')}", key: "${at('server.key')}"`)).toEqual([
    'upstreams.legacy.tls.key',
  ])
  expect(await problems(`cert: "${at('client.pem')}"`)).toEqual(['upstreams.legacy.tls'])
  expect(await problems('rejectUnauthorized: false')).toEqual(['upstreams.legacy.tls.rejectUnauthorized'])
  expect((await proxy.ask('/x')).json).toEqual({ side: 'legacy' })
}, 60_000)
