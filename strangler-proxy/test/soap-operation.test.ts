import type { IncomingMessage } from 'node:http'
import { PassThrough } from 'node:stream'
import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { readAhead } from '../src/forwarding/request-body.ts'
import { createBeginnings } from '../src/routing/known-beginnings.ts'
import { soapAction } from '../src/routing/soap-action.ts'
import { scanSoapOperation } from '../src/routing/soap-operation.ts'
import { soapMessage } from './proxy-kit.ts'

const eleven = 'http://schemas.xmlsoap.org/soap/envelope/'
const scan = (text: string, complete = true) => scanSoapOperation(Buffer.from(text), complete)
const envelope = (inside: string) => `<s:Envelope xmlns:s="${eleven}">${inside}</s:Envelope>`

test('finds the first element of the Body, its namespace and the SOAP version', () => {
  expect(scan(soapMessage('GetCustomer'))).toMatchObject({
    found: { operation: 'GetCustomer', namespace: 'urn:shop:2009:customers', version: '1.1' },
  })
  expect(scan(soapMessage('GetCustomer', '', '1.2'))).toMatchObject({ found: { version: '1.2' } })
  const plain = `\uFEFF<Envelope xmlns='${eleven}'><!-- <Body><No/> --><Body >\n<x:Ping xmlns:x="u"/></Body></Envelope>`
  expect(scan(plain)).toMatchObject({ found: { operation: 'Ping', namespace: 'u' } })
})

test('looks for the Body behind a Header, not inside it, nor in comments, CDATA or attributes', () => {
  const header =
    '<s:Header><s:Body><Evil/></s:Body><a b="</s:Header><s:Body><Evil/>"><![CDATA[</s:Header>]]></a><!-- </s:Header> --></s:Header>'
  // An attribute value may not hold "<": that variant is refused, the others are read past.
  expect(scan(envelope(`${header}<s:Body><Good/></s:Body>`))).toHaveProperty('refused')
  const legal = header.replace(/<a b="[^"]*">/, '<a>')
  expect(scan(envelope(`${legal}<s:Body><Good/></s:Body>`))).toMatchObject({ found: { operation: 'Good' } })
})

test.each([
  ['a DOCTYPE', `<!DOCTYPE s:Envelope>${envelope('<s:Body><A/></s:Body>')}`],
  ['a processing instruction', `<?php x?>${envelope('<s:Body><A/></s:Body>')}`],
  ['a Body of another namespace', envelope('<t:Body xmlns:t="urn:x"><A/></t:Body>')],
  ['an Envelope of another namespace', '<s:Envelope xmlns:s="urn:x"><s:Body><A/></s:Body></s:Envelope>'],
  ['an unbound prefix', '<s:Envelope><s:Body><A/></s:Body></s:Envelope>'],
  ['an empty Body', envelope('<s:Body/>')],
  ['a Body with nothing in it', envelope('<s:Body> </s:Body>')],
  ['text in the Body', envelope('<s:Body>x<A/></s:Body>')],
  ['CDATA in the Body', envelope('<s:Body><![CDATA[<A/>]]><B/></s:Body>')],
  ['end tags that cross', envelope('<s:Header><a><b></a></b></s:Header><s:Body><A/></s:Body>')],
  ['an attribute that stands twice', envelope('<s:Body a="1" a="2"><A/></s:Body>')],
  ['an attribute without quotes', envelope('<s:Body a=1><A/></s:Body>')],
  [
    'an encoding that hides ASCII',
    `<?xml version="1.0" encoding="utf-7"?>${envelope('<s:Body><A/></s:Body>')}`,
  ],
  ['XML 1.1', `<?xml version="1.1"?>${envelope('<s:Body><A/></s:Body>')}`],
  [
    'a reference in a namespace name',
    `<s:Envelope xmlns:s="http&#58;//x"><s:Body><A/></s:Body></s:Envelope>`,
  ],
  ['JSON', '{"a":1}'],
  ['nothing', ''],
  ['deep nesting', envelope(`<s:Header>${'<a>'.repeat(200)}`)],
])('refuses %s', (_what, text) => {
  expect(scan(text)).toHaveProperty('refused')
})

test('refuses UTF-16, in which another parser would find another text', () => {
  expect(
    scanSoapOperation(Buffer.from(`\uFEFF${soapMessage('GetCustomer')}`, 'utf16le'), true),
  ).toHaveProperty('refused')
})

test('asks for more as long as the bytes at hand do not tell, and never changes its answer', () => {
  const message = Buffer.from(soapMessage('GetCustomer', '<c:custNo>1</c:custNo>'))
  const whole = scanSoapOperation(message, true)
  let told = false
  for (let length = 0; length <= message.length; length++) {
    const part = scanSoapOperation(message.subarray(0, length), false)
    if ('found' in part) {
      told = true
      expect(part).toEqual(whole)
    } else {
      expect(told).toBe(false)
      expect(part).toEqual({ incomplete: true })
    }
  }
  expect(told).toBe(true)
})

/** What a parser that reads the whole document takes for the operation. */
function operationBySaxes(text: string): string | undefined {
  const path: string[] = []
  let operation: string | undefined
  const parser = new SaxesParser({ xmlns: true })
  parser.on('error', error => {
    throw error
  })
  parser.on('opentag', tag => {
    path.push(`${tag.uri === eleven ? 's:' : ''}${tag.local}`)
    if (path.length === 3 && path[1] === 's:Body') operation ??= tag.local
  })
  parser.on('closetag', () => path.pop())
  try {
    parser.write(text).close()
    return path.length === 0 ? operation : undefined
  } catch {
    return undefined
  }
}

test('agrees with an XML parser on every message that both accept', () => {
  const piece = fc.constantFrom(
    '<s:Header>',
    '</s:Header>',
    '<s:Header/>',
    '<s:Body>',
    '</s:Body>',
    '<A/>',
    '<B>',
    '</B>',
    '<!-- x -->',
    '<![CDATA[<s:Body>]]>',
    ' ',
    'x',
    '<s:Body a="&gt;">',
    '<t:C xmlns:t="urn:t"/>',
    "<s:Body b='\"'>",
    '<s:Header x="/>">',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 9 }), pieces => {
      const text = envelope(pieces.join(''))
      const expected = operationBySaxes(text)
      const found = scan(text)
      // The scanner may refuse more, and reads no further than the operation; where both answer, they agree.
      if (expected !== undefined && 'found' in found) expect(found.found.operation).toBe(expected)
    }),
    { numRuns: 3_000 },
  )
})

test('a beginning that is known tells what the scanner would tell, whatever follows it and wherever it is cut', () => {
  const beginnings = fc.constantFrom(
    soapMessage('GetCustomer'),
    soapMessage('GetCustomer', '<c:custNo>1</c:custNo>'),
    soapMessage('GetCustomers'),
    soapMessage('Get'),
    soapMessage('GetCustomer').replace('<soap:Header/>', '<soap:Header>é</soap:Header>'),
    soapMessage('GetCustomer').replace('<soap:Header/>', '<soap:Header><a/></soap:Header>'),
    envelope('<s:Body><A/></s:Body>'),
    envelope('<s:Body><A b="1"/></s:Body>'),
    '<!DOCTYPE x>',
  )
  const message = fc.tuple(beginnings, fc.nat(600), fc.string(), fc.boolean())
  fc.assert(
    fc.property(fc.array(message, { maxLength: 12 }), messages => {
      const known = createBeginnings()
      for (const [text, cut, rest, complete] of messages) {
        const bytes = Buffer.from(text.slice(0, cut) + rest)
        expect(known(bytes, complete, 'one')).toEqual(scanSoapOperation(bytes, complete))
      }
    }),
    { numRuns: 500 },
  )
})

test('reads the action of SOAP 1.1 and of 1.2', () => {
  expect(soapAction('"urn:a#B"', undefined)).toBe('urn:a#B')
  expect(soapAction('', 'text/xml')).toBe('')
  expect(soapAction(undefined, 'application/soap+xml; charset=utf-8; action="urn:a#B"')).toBe('urn:a#B')
})

test('a message that arrives a byte now and then is given up in time', async () => {
  const trickle = new PassThrough()
  trickle.write('<')
  const read = await readAhead(trickle as unknown as IncomingMessage, 1_000, 30, () => false)
  expect(read).toBe('late')
  trickle.destroy()
})
