import { expect, test } from '@jest/globals'
import fc from 'fast-check'
import { createEncodeContext } from '../src/codec/encode-context.ts'
import { writeElement } from '../src/codec/encode-element.ts'
import type { Json } from '../src/codec/json.ts'
import { readXml } from '../src/xml/xml-reader.ts'
import { escapeAttribute, escapeText, isXmlText } from '../src/xml/xml-text.ts'
import { openSchemaAndValue } from './arbitrary-open-schema.ts'
import { schemaAndValue } from './arbitrary-schema.ts'
import { codecFor } from './compile-schema.ts'

const runs = { numRuns: 300 }

test('decode(encode(j)) is j, for any schema and any value of it', () => {
  fc.assert(
    fc.property(schemaAndValue, ({ declarations, json }) => {
      const { decode, encode } = codecFor(declarations)
      expect(decode(encode(json))).toEqual(json)
    }),
    runs,
  )
})

test('decode(encode(j)) is j for derived types, wildcards, mixed content, nil with attributes and substitution groups', () => {
  fc.assert(
    fc.property(openSchemaAndValue, ({ declarations, json }) => {
      const { decode, encode } = codecFor(declarations)
      const xml = encode(json)
      expect(decode(xml)).toEqual(json)
      expect(encode(decode(xml))).toBe(xml)
    }),
    runs,
  )
})

test('encode(decode(x)) has the infoset of x, whatever its prefixes, comments, CDATA and indentation', () => {
  fc.assert(
    fc.property(schemaAndValue, fc.integer({ min: 0, max: 1_000 }), ({ declarations, json }, seed) => {
      const { decode, encode } = codecFor(declarations)
      const dressed = redress(treeOf(encode(json)), seed)
      expect(treeOf(encode(decode(dressed)))).toEqual(treeOf(dressed))
    }),
    runs,
  )
})

test('what is written the short way is what is written at large', () => {
  fc.assert(
    fc.property(fc.oneof(schemaAndValue, openSchemaAndValue), ({ declarations, json }) => {
      const { contract, element, encode } = codecFor(declarations)
      const context = createEncodeContext(contract)
      context.careful = true
      writeElement(context, element, json, '', 1)
      const start = `<${context.tagOf(element.name)}`
      expect(encode(json)).toBe(start + context.declarations() + context.out.slice(start.length))
    }),
    runs,
  )
})

test('what comes in as a string goes out as that string and never as markup', () => {
  const { decode, encode } = codecFor(
    '<xs:element name="e"><xs:complexType><xs:simpleContent><xs:extension base="xs:string"><xs:attribute name="a" type="xs:string"/></xs:extension></xs:simpleContent></xs:complexType></xs:element>',
  )
  const hostile = fc.oneof(
    fc.constantFrom(
      ']]>',
      '</soap:Body>',
      '&amp;&#65;',
      '<![CDATA[',
      '<!--',
      '?>',
      '" x="',
      "' or 1=1",
      '\r\n\t',
      '\u0085\u2028',
    ),
    fc.string({ unit: 'binary' }).filter(isXmlText),
  )
  fc.assert(
    fc.property(
      fc.array(hostile).map(parts => parts.join('')),
      text => {
        const xml = encode({ $: text, '@a': text })
        expect(decode(xml)).toEqual(Object.assign(Object.create(null), { $: text, '@a': text }))
        expect(xml.match(/</g)).toHaveLength(text === '' ? 1 : 2)
      },
    ),
  )
})

test('any JSON whatever is encoded or refused, and what is encoded can be decoded', () => {
  fc.assert(
    fc.property(fc.oneof(schemaAndValue, openSchemaAndValue), fc.jsonValue(), ({ declarations }, json) => {
      const { decode, encode } = codecFor(declarations)
      try {
        decode(encode(json as Json))
      } catch (error) {
        expect(error).toMatchObject({ code: 'VALUE_REFUSED' })
      }
    }),
    runs,
  )
})

type Tree = { name: string; attributes: [string, string][]; children: (Tree | string)[] }

/** Names in Clark's form, attributes sorted, runs of text joined, indentation and xsi:type prefixes gone. */
function treeOf(xml: string): Tree {
  const root: Tree = { name: '', attributes: [], children: [] }
  const open = [root]
  readXml(xml, {
    open(tag, resolve) {
      const attributes = Object.values(tag.attributes)
        .filter(({ prefix, name }) => prefix !== 'xmlns' && name !== 'xmlns')
        .map(({ uri, local, value }): [string, string] => [`{${uri}}${local}`, expand(value, resolve)])
        .sort()
      const node: Tree = { name: `{${tag.uri}}${tag.local}`, attributes, children: [] }
      open.at(-1)!.children.push(node)
      open.push(node)
    },
    text(text) {
      const { children } = open.at(-1)!
      if (typeof children.at(-1) === 'string') children[children.length - 1] += text
      else children.push(text)
    },
    close(resolve) {
      const node = open.pop()!
      if (node.children.some(child => typeof child !== 'string'))
        node.children = node.children.filter(child => typeof child !== 'string')
      else
        node.children = node.children.map(child =>
          typeof child === 'string' ? expand(child, resolve) : child,
        )
    },
  })
  return root.children[0] as Tree
}

/** A qualified name in content, as the schemas of these tests write them, stands for its namespace. */
function expand(text: string, resolve: (prefix: string) => string | undefined): string {
  const match = /^([xp]\d+):([a-z][a-z0-9.-]*)$/.exec(text)
  const namespace = match === null ? undefined : resolve(match[1]!)
  return namespace === undefined ? text : `{${namespace}}${match![2]}`
}

/** The same document as another writer would have put it. */
function redress(tree: Tree, seed: number): string {
  const prefixes = new Map<string, string>()
  const split = (name: string) =>
    [name.slice(1, name.indexOf('}')), name.slice(name.indexOf('}') + 1)] as const
  const qualified = (name: string) => {
    const [namespace, local] = split(name)
    if (namespace === '') return local
    if (!prefixes.has(namespace)) prefixes.set(namespace, `p${seed % 7}${prefixes.size}`)
    return `${prefixes.get(namespace)}:${local}`
  }
  const name = (text: string) => (/^\{urn:x\}/.test(text) ? qualified(text) : text)
  const write = (node: Tree, depth: number): string => {
    const tag = qualified(node.name)
    const attributes = node.attributes.map(
      ([key, value]) => ` ${qualified(key)}="${escapeAttribute(name(value))}"`,
    )
    const nested = node.children.some(child => typeof child !== 'string')
    const content = node.children.map(child => {
      if (typeof child !== 'string') return `\n${' '.repeat(depth)}<!-- c -->${write(child, depth + 1)}`
      const value = name(child)
      return (seed + depth) % 2 === 0 && !/\r|\]\]>/.test(value)
        ? `<!-- c --><![CDATA[${value}]]>`
        : escapeText(value).replace(/a(?!mp;)/, '&#97;<!-- c -->')
    })
    return `<${tag}${attributes.reverse().join('')}>${content.join('')}${nested ? '\n' : ''}</${tag}>`
  }
  const body = write(tree, 0)
  const declarations = [...prefixes].map(([namespace, prefix]) => ` xmlns:${prefix}='${namespace}'`).join('')
  return `<?xml version="1.0"?>${body.replace(/^<[^\s/>]+/, start => start + declarations)}`
}
