import { expect, test } from '@jest/globals'
import { customersSoap } from '../adapters/customers/customers-soap.ts'
import { digestPassword, writeUsernameToken } from '../src/security/username-token.ts'
import {
  createUsernameCheck,
  defaultUsernameRules,
  type UsernameRules,
} from '../src/security/verify-username.ts'
import { wsse, wsu } from '../src/security/wss-names.ts'
import { createServedDocuments } from '../src/soap-facade/served-documents.ts'
import { createSoapFacade } from '../src/soap-facade/soap-facade.ts'
import { customerJson, envelope } from './shop-fixtures.ts'
import { contract, get42, read, soap12 } from './soap-harness.ts'

const ann = { username: 'ann', password: 'pass <word>' }
const start = Date.parse('2024-02-29T12:00:00Z')

function facadeWith(rules: Partial<UsernameRules> = {}, clock = { now: start }) {
  const calls: string[] = []
  const facade = createSoapFacade({
    contract,
    rest: {
      async send({ path }) {
        calls.push(path)
        const headers = { 'content-type': 'application/json' }
        return { status: 200, headers, body: Buffer.from(JSON.stringify(customerJson)) }
      },
      close: async () => {},
    },
    mappings: [customersSoap],
    documents: createServedDocuments(contract.documents),
    path: '/soap',
    security: createUsernameCheck(
      { passwords: new Map([[ann.username, ann.password]]), ...defaultUsernameRules, ...rules },
      () => clock.now,
    ),
  })
  const send = async (header: string, namespace?: string, body = get42) => {
    const text = envelope(body, namespace).replace('<s:Body>', `<s:Header>${header}</s:Header><s:Body>`)
    const answer = await facade.handle({
      method: 'POST',
      path: '/soap',
      query: new URLSearchParams(),
      headers: { 'content-type': namespace === undefined ? 'text/xml' : 'application/soap+xml' },
      body: Buffer.from(text),
      trace: { traceId: 'a'.repeat(32), spanId: 'b'.repeat(16), sampled: false },
    })
    const content = await read(String(answer.body))
    return 'fault' in content ? content.fault!.code.replace(`{${wsse}}`, 'wsse:') : answer.status
  }
  return { send, calls }
}

test.each(['text', 'digest'] as const)(
  'takes its own UsernameToken with a password as %s, in both SOAP versions',
  async form => {
    const { send, calls } = facadeWith()
    expect(await send(writeUsernameToken({ ...ann, form }, '1.1', start))).toBe(200)
    expect(await send(writeUsernameToken({ ...ann, form }, '1.2', start), soap12)).toBe(200)
    expect(calls).toEqual(['/customers/42', '/customers/42'])
  },
)

const nonce = Buffer.from('0123456789abcdef')
const token = (content: string) =>
  `<w:Security xmlns:w="${wsse}" xmlns:u="${wsu}"><w:UsernameToken><w:Username>ann</w:Username>${content}</w:UsernameToken></w:Security>`
const password = (text: string, type: string) =>
  `<w:Password Type="http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-username-token-profile-1.0#${type}">${text}</w:Password>`
const created = (time: string) => `<u:Created>${time}</u:Created>`
const nonceXml = `<w:Nonce>${nonce.toString('base64')}</w:Nonce>`
const digest = (time: string) => password(digestPassword(nonce, time, ann.password), 'PasswordDigest')
const text = password('pass &lt;word&gt;', 'PasswordText')
const now = '2024-02-29T12:00:00Z'

test.each([
  ['no header', '', 'wsse:InvalidSecurity'],
  ['an empty header', `<w:Security xmlns:w="${wsse}"/>`, 'wsse:InvalidSecurityToken'],
  ['two headers', token(text) + token(text), 'wsse:InvalidSecurityToken'],
  ['two passwords', token(text + text), 'wsse:InvalidSecurityToken'],
  ['a wrong password', token(password('pass', 'PasswordText')), 'wsse:FailedAuthentication'],
  ['no password', token(''), 'wsse:InvalidSecurityToken'],
  ['a password of another type', token(password('x', 'PasswordHash')), 'wsse:InvalidSecurityToken'],
  ['somebody else', token(text).replace('>ann<', '>bob<'), 'wsse:FailedAuthentication'],
  ['a name of Object', token(text).replace('>ann<', '>constructor<'), 'wsse:FailedAuthentication'],
  ['a digest without a nonce', token(digest(now) + created(now)), 'wsse:InvalidSecurityToken'],
  ['a digest without a time', token(digest(now) + nonceXml), 'wsse:InvalidSecurityToken'],
  [
    'a digest of another time',
    token(digest(now) + nonceXml + created('2024-02-29T12:00:01Z')),
    'wsse:FailedAuthentication',
  ],
  ['an old token', token(text + created('2024-02-29T11:54:59Z')), 'wsse:FailedAuthentication'],
  ['a token of tomorrow', token(text + created('2024-03-01T12:00:00Z')), 'wsse:FailedAuthentication'],
  ['a time without a zone', token(text + created('2024-02-29T12:00:00')), 'wsse:InvalidSecurityToken'],
])('refuses %s and calls nobody', async (_what, header, code) => {
  const { send, calls } = facadeWith()
  expect(await send(header)).toBe(code)
  expect(calls).toEqual([])
})

test('looks at no Body of who has proved nothing', async () => {
  const { send } = facadeWith()
  expect(await send('', undefined, '<Unheard/>')).toBe('wsse:InvalidSecurity')
  expect(await send(token(text), undefined, '<Unheard/>')).toBe('Client')
})

test('takes a token once while it is fresh', async () => {
  const clock = { now: start }
  const { send } = facadeWith({}, clock)
  const once = token(digest(now) + nonceXml + created(now))
  expect(await send(once)).toBe(200)
  expect(await send(once)).toBe('wsse:FailedAuthentication')
  clock.now += 300_001
  expect(await send(once)).toBe('wsse:FailedAuthentication')
})

test('remembers so many nonces and no more, and forgets them when their tokens are stale', async () => {
  const clock = { now: start }
  const { send } = facadeWith({ nonces: 2 }, clock)
  const fresh = () => writeUsernameToken({ ...ann, form: 'digest' }, '1.1', clock.now)
  expect([await send(fresh()), await send(fresh()), await send(fresh())]).toEqual([
    200,
    200,
    'wsse:FailedAuthentication',
  ])
  clock.now += 360_001
  expect(await send(fresh())).toBe(200)
})
