import { execFileSync } from 'node:child_process'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { connect } from 'node:tls'
import { expect, test } from '@jest/globals'
import { Agent, request } from 'undici'
import { startTestProxy, until } from './proxy-kit.ts'

async function makeCertificate(name: string) {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-tls-'))
  const [certFile, keyFile] = [join(folder, 'cert.pem'), join(folder, 'key.pem')]
  execFileSync(
    'openssl',
    [
      'req',
      '-x509',
      '-newkey',
      'ec',
      '-pkeyopt',
      'ec_paramgen_curve:prime256v1',
      '-nodes',
      '-days',
      '2',
    ].concat([
      '-subj',
      `/CN=${name}`,
      '-addext',
      'subjectAltName=IP:127.0.0.1',
      '-keyout',
      keyFile,
      '-out',
      certFile,
    ]),
    { stdio: 'ignore' },
  )
  return { certFile, keyFile, [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) }
}

const commonName = (url: string) =>
  new Promise<string | undefined>((resolve, reject) => {
    const socket = connect(
      { port: Number(new URL(url).port), host: '127.0.0.1', rejectUnauthorized: false },
      () => {
        const { CN } = socket.getPeerCertificate().subject
        resolve(typeof CN === 'string' ? CN : undefined)
        socket.destroy()
      },
    )
    socket.on('error', reject)
  })

test('speaks TLS with its certificate, says so upstream, and takes a new one when told to read again', async () => {
  await using first = await makeCertificate('first')
  await using second = await makeCertificate('second')
  await using proxy = await startTestProxy({}, { tls: first })
  expect(proxy.url).toMatch(/^https:/)
  const agent = new Agent({ connect: { ca: await readFile(first.certFile, 'utf8') } })
  const reply = await request(`${proxy.url}/customers/1`, { dispatcher: agent })
  expect([reply.statusCode, await reply.body.json()]).toEqual([200, { side: 'legacy' }])
  expect(proxy.legacy.received[0]?.headers['x-forwarded-proto']).toBe('https')
  expect(await commonName(proxy.url)).toBe('first')

  const wanted = { cert: await readFile(second.certFile), key: await readFile(second.keyFile) }
  await writeFile(first.certFile, 'no certificate')
  proxy.reload()
  await until(() => proxy.logged.some(({ msg }) => String(msg).startsWith('certificate refused')))
  expect(await commonName(proxy.url)).toBe('first')
  await writeFile(first.certFile, wanted.cert)
  await writeFile(first.keyFile, wanted.key)
  proxy.reload()
  expect(await until(async () => (await commonName(proxy.url)) === 'second')).toBe(true)
  // What was connected before stays connected.
  const again = await request(`${proxy.url}/customers/1`, { dispatcher: agent })
  expect([again.statusCode, await again.body.json()]).toEqual([200, { side: 'legacy' }])
  await agent.close()
}, 30_000)

test('refuses to start without a usable certificate, and old versions of TLS', async () => {
  await using files = await makeCertificate('one')
  await using other = await makeCertificate('other')
  await expect(
    startTestProxy({}, { tls: { certFile: files.certFile, keyFile: other.keyFile } }),
  ).rejects.toMatchObject({ code: 'CONFIG_UNREADABLE' })
  await using proxy = await startTestProxy({}, { tls: files })
  const port = Number(new URL(proxy.url).port)
  const old = new Promise((_resolve, reject) => {
    connect({
      port,
      host: '127.0.0.1',
      rejectUnauthorized: false,
      maxVersion: 'TLSv1.1',
      minVersion: 'TLSv1',
    }).on('error', reject)
  })
  await expect(old).rejects.toThrow()
}, 30_000)
