import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { sendRaw, startTestProxy } from './proxy-kit.ts'
import { pathOf, startStrictUpstream, strictPaths } from './strict-upstream.ts'

const seed = Number(Math.floor(Math.random() * 2 ** 31))
const runs = 400

const bodies = fc.oneof(
  fc.constant(''),
  fc.string({ maxLength: 40 }).map(text => `Content-Length: ${Buffer.byteLength(text)}\r\n\r\n${text}`),
  fc
    .array(fc.stringMatching(/^[a-z]{1,20}$/), { maxLength: 3 })
    .map(
      parts =>
        `Transfer-Encoding: chunked\r\n\r\n${parts.map(part => `${part.length.toString(16)}\r\n${part}\r\n`).join('')}0\r\n\r\n`,
    ),
)
const request = fc
  .record({
    method: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS', 'HEAD'),
    path: fc.stringMatching(/^\/[a-z0-9%./;~?-]{0,12}$/),
    header: fc.stringMatching(/^[A-Za-z-]{1,12}$/),
    value: fc.stringMatching(/^[ -~]{0,20}$/),
    body: bodies,
  })
  .map(({ method, path, header, value, body }) => {
    const head = `${method} ${path} HTTP/1.1\r\nHost: x\r\n${header}: ${value}\r\n`
    return body === '' ? `${head}\r\n` : head + body
  })

/** What a byte is turned into, and where: the places at which parsers have been found to differ. */
const mutation = fc.record({
  at: fc.double({ min: 0, max: 1, noNaN: true }),
  how: fc.constantFrom('drop', 'double', 'insert', 'swap'),
  what: fc.constantFrom(
    '\r',
    '\n',
    '\r\n',
    '\0',
    ' ',
    '\t',
    ':',
    '\x0b',
    ',',
    ';',
    '0',
    '\xff',
    '/',
    '%',
    '-',
    'x',
  ),
})

function mutate(bytes: string, { at, how, what }: { at: number; how: string; what: string }): string {
  const index = Math.floor(at * bytes.length)
  if (how === 'drop') return bytes.slice(0, index) + bytes.slice(index + 1)
  if (how === 'double') return bytes.slice(0, index) + (bytes[index] ?? '') + bytes.slice(index)
  return bytes.slice(0, index) + what + bytes.slice(how === 'swap' ? index + 1 : index)
}

test(`node's parser and our serialiser agree with a strict reader on ${runs} mutated requests (seed ${seed})`, async () => {
  const upstream = await startStrictUpstream()
  {
    let run = 0
    await using proxy = await startTestProxy({}, { urls: { legacy: upstream.url, extracted: upstream.url } })
    await fc.assert(
      fc.asyncProperty(
        fc.array(request, { minLength: 1, maxLength: 2 }),
        fc.array(mutation, { maxLength: 3 }),
        async (requests, mutations) => {
          // By its Host a request is known to belong to this run, also when it arrives late.
          const host = `h${++run}.`
          const sent = mutations.reduce(mutate, requests.join(''))
          const bytes = `${sent}GET /last HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`
          const marked = bytes.replaceAll('Host: x\r\n', `Host: ${host}\r\n`)
          const answers = await sendRaw(proxy.url, marked, 60)
          const forwarded = upstream.seen.filter(({ head }) => head.includes(`: ${host}`))
          const strict = strictPaths(marked)
          expect(upstream.faults).toEqual([])
          expect({ bytes, strict, count: forwarded.length <= strict.length }).toEqual({
            bytes,
            strict,
            count: true,
          })
          // Nobody is answered for a request that the upstream has not seen whole.
          const served = [...answers.matchAll(/HTTP\/1\.1 200/g)].length
          const intact = marked.split(host).length - 1 === requests.length + 1
          expect({ bytes, enough: !intact || served <= forwarded.length }).toEqual({ bytes, enough: true })
          for (const one of forwarded)
            if (pathOf(one) === '/last') expect({ bytes, rest: one.rest }).toEqual({ bytes, rest: '' })
        },
      ),
      { seed, numRuns: runs },
    )
  }
  await upstream.close()
}, 120_000)
