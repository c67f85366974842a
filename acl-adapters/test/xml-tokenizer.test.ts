import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { SaxesParser } from 'saxes'
import { messageLimits } from '../src/xml/xml-reader.ts'
import { createXmlTokenizer } from '../src/xml/xml-tokenizer.ts'

type Event = [string, ...unknown[]]

/** What a document says, runs of text joined; `refused` where it is not well-formed. */
type Reading = Event[] | 'refused'

function joined(events: readonly Event[]): Event[] {
  const all: Event[] = []
  for (const event of events) {
    const last = all.at(-1)
    if (event[0] === 'text' && last?.[0] === 'text') last[1] = `${last[1]}${event[1]}`
    else if (event[0] !== 'text' || event[1] !== '') all.push([...event])
  }
  return all
}

function ours(chunks: readonly string[]): Reading {
  const events: Event[] = []
  const tokenizer = createXmlTokenizer(
    {
      open({ name, uri, local, attributes }, resolve) {
        events.push(['open', name, uri, local, attributes.map(a => [a.name, a.uri, a.local, a.value])])
        events.push(['bound', ...prefixes.map(prefix => resolve(prefix) ?? '')])
      },
      text: text => void events.push(['text', text]),
      close: resolve => void events.push(['close', ...prefixes.map(prefix => resolve(prefix) ?? '')]),
    },
    messageLimits,
  )
  try {
    for (const chunk of chunks) tokenizer.write(chunk)
    tokenizer.end()
  } catch (error) {
    expect(error).toMatchObject({ code: expect.stringMatching(/^XML_/) })
    return 'refused'
  }
  return joined(events)
}

/** The same by saxes, an implementation of others. */
function theirs(source: string): Reading {
  const events: Event[] = []
  const parser = new SaxesParser({ xmlns: true, forceXMLVersion: true, defaultXMLVersion: '1.0' })
  const bound = () => prefixes.map(prefix => parser.resolve(prefix) ?? '')
  const refuse = () => {
    throw new Error('refused')
  }
  parser.on('doctype', refuse)
  parser.on('processinginstruction', refuse)
  let depth = 0
  parser.on('opentag', tag => {
    depth += 1
    const attributes = Object.values(tag.attributes).map(a => [a.name, a.uri, a.local, a.value])
    events.push(['open', tag.name, tag.uri, tag.local, attributes])
    events.push(['bound', ...bound()])
  })
  // White space around the root is no content.
  parser.on('text', text => depth > 0 && events.push(['text', text]))
  parser.on('cdata', text => void events.push(['text', text]))
  parser.on('closetag', () => {
    depth -= 1
    events.push(['close', ...bound()])
  })
  try {
    parser.write(source).close()
  } catch {
    return 'refused'
  }
  return joined(events)
}

const prefixes = ['', 'p', 'q', 'xml', 'xmlns']
const names = [
  'a',
  'p:a',
  'q:b',
  'b',
  'ä',
  'p:x-1',
  'a.b',
  '_',
  '😀',
  'xml:a',
  'xmlns:a',
  '1a',
  'a:',
  ':a',
  'a:b:c',
  'u:a',
]
const values = [
  '',
  'v',
  ' v\t',
  'urn:p',
  'urn:q',
  '&lt;&amp;',
  '&#65;',
  '&#x1F600;',
  '&#0;',
  '&nope;',
  '&',
  '<',
  '>',
  'é',
  '\n',
  'http://www.w3.org/XML/1998/namespace',
  'http://www.w3.org/2000/xmlns/',
]
const texts = [
  'x',
  ' ',
  '\n',
  '\r\n',
  '\r',
  '&amp;',
  '&#13;',
  '&#xD;',
  '&#x0041;',
  '&quot;&apos;',
  '&bad;',
  '&#xFFFF;',
  '&',
  ';',
  ']',
  ']]',
  ']]>',
  '>',
  'é',
  '😀',
  '\u0000',
  '\ufffe',
  '\ud800',
  '\u0085',
  '\ufeff',
  '<!-- c -->',
  '<!---->',
  '<!-- a--b -->',
  '<!--->',
  '<![CDATA[]]>',
  '<![CDATA[<&]]]]>',
  '<![CDATA[',
  ']]>',
  '<!x>',
  '<?p i?>',
  '<?xml version="1.0"?>',
  '<!DOCTYPE a>',
]
const prologs = [
  '',
  '\ufeff',
  '<?xml version="1.0"?>',
  "<?xml version='1.0' encoding='UTF-8' standalone='yes' ?>\n",
  '<?xml version="1.1"?>',
  '<?xml version="2.0"?>',
  '<?xml encoding="UTF-8"?>',
  '<?xml version="1.0" standalone="maybe"?>',
  '<!-- c -->',
  ' ',
  '<?xml?>',
  ' <?xml version="1.0"?>',
  'x',
]

// Mostly what is well-formed, or both would refuse everything at once.
const rarely = (common: readonly string[], all: readonly string[]) =>
  fc.oneof(
    { weight: 30, arbitrary: fc.constantFrom(...common) },
    { weight: 1, arbitrary: fc.constantFrom(...all) },
  )
const name = rarely(names.slice(0, 8), names)
const attribute = fc
  .record({
    before: rarely([' ', '\n', '  '], ['', '\t', '/']),
    name: fc.oneof(name, rarely(['xmlns', 'xmlns:p', 'xmlns:q'], ['xmlns:xml', 'xmlns:xmlns', 'xmlns:'])),
    equals: rarely(['='], [' = ', '', '==']),
    value: rarely(values.slice(0, 8), values),
    quote: rarely(['"', "'"], ['']),
  })
  .map(({ before, name: is, equals, value, quote }) => `${before}${is}${equals}${quote}${value}${quote}`)
const { element } = fc.letrec<{ element: string; content: string }>(tie => ({
  element: fc
    .record({
      name,
      attributes: fc.array(attribute, { maxLength: 3 }).map(all => all.join('')),
      content: fc.oneof({ depthSize: 'small' }, fc.constant(''), tie('content')),
      shape: rarely(['full', 'empty'], ['full', 'unclosed', 'crossed', 'spaced']),
    })
    .map(({ name: is, attributes, content, shape }) => {
      if (shape === 'empty') return `<${is}${attributes}/>`
      if (shape === 'unclosed') return `<${is}${attributes}>${content}`
      return `<${is}${attributes}>${content}</${shape === 'crossed' ? 'z' : is}${shape === 'spaced' ? ' \n' : ''}>`
    }),
  content: fc
    .array(fc.oneof(tie('element'), rarely(texts.slice(0, 10), texts)), { maxLength: 4 })
    .map(parts => parts.join('')),
}))
const document = fc
  .record({
    prolog: rarely(prologs.slice(0, 4), prologs),
    element,
    after: rarely([''], ['\n', 'x', '<a/>', '<!--', '&amp;']),
  })
  .map(({ prolog, element: root, after }) => {
    // Prefixes are bound at the root as a rule.
    const bound = root.replace(/^<[^\s/>]+/, start => `${start} xmlns:q="urn:q" xmlns:p="urn:p"`)
    return prolog + bound + after
  })

test('reads and refuses what saxes reads and refuses', () => {
  let read = 0
  fc.assert(
    fc.property(document, source => {
      const reading = ours([source])
      if (reading !== 'refused') read += 1
      // saxes takes half a surrogate pair for a character when something follows it.
      expect(reading).toEqual(source.isWellFormed() ? theirs(source) : 'refused')
    }),
    { numRuns: 3_000 },
  )
  // A comparison of refusals alone would say little.
  expect(read).toBeGreaterThan(600)
})

test('reads the same however the document is cut', () => {
  fc.assert(
    fc.property(document, fc.array(fc.nat({ max: 60 }), { maxLength: 12 }), (source, lengths) => {
      const chunks: string[] = []
      let at = 0
      for (const length of lengths) {
        chunks.push(source.slice(at, at + length))
        at += length
      }
      expect(ours([...chunks, source.slice(at)])).toEqual(ours([source]))
      expect(ours([...source].map(String))).toEqual(ours([source]))
    }),
    { numRuns: 1_000 },
  )
})

test('refuses or reads, as saxes does, a document in which one character was changed', () => {
  const start =
    '<?xml version="1.0"?><p:a xmlns:p="urn:p" p:b="&lt;1"><b c=\'2\'>x &amp; y</b><!-- - --><![CDATA[]]]></p:a>'
  const characters = [...'<>&;:/="\'?!-[] \n\taé1#\u0000\ufffe']
  for (let at = 0; at < start.length; at += 1)
    for (const character of ['', ...characters]) {
      const changed = start.slice(0, at) + character + start.slice(at + 1)
      // saxes lets a local name begin with what no name may begin with (Namespaces in XML 1.0, production 4).
      const known = /\bp:[-\d]/.test(changed)
      expect([changed, ours([changed])]).toEqual([changed, known ? 'refused' : theirs(changed)])
    }
})

test('says where a document stops being well-formed', () => {
  const tokenizer = createXmlTokenizer({ open() {}, text() {}, close() {} }, messageLimits)
  tokenizer.write('<a>\r\n<b>\r')
  expect(() => tokenizer.write('\n  </c></a>')).toThrow(
    expect.objectContaining({ code: 'XML_MALFORMED', details: { line: 3, column: 3 } }),
  )
})
