import { createElementDecoder, type DecodeRules, strictRules } from '../src/codec/decode-element.ts'
import { encodeElement } from '../src/codec/encode-element.ts'
import type { Json } from '../src/codec/json.ts'
import type { Contract, ElementDeclaration } from '../src/contract/contract.ts'
import { compileContract } from '../src/contract/load-contract.ts'
import { readXml } from '../src/xml/xml-reader.ts'

export const namespace = 'urn:test'

/** Wraps global declarations into a schema of namespace urn:test (prefix t), locals qualified. */
export function schemaOf(declarations: string, attributes = 'elementFormDefault="qualified"'): string {
  return `<xs:schema xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:t="${namespace}" targetNamespace="${namespace}" ${attributes}>${declarations}</xs:schema>`
}

export function compileSchema(declarations: string, attributes?: string) {
  return compileContract('test.xsd', () => schemaOf(declarations, attributes))
}

export function compileFiles(files: Readonly<Record<string, string>>) {
  return compileContract(Object.keys(files)[0]!, path => {
    const text = files[path]
    if (text === undefined) throw new Error('no such file')
    return text
  })
}

export type Codec = {
  contract: Contract
  element: ElementDeclaration
  encode(json: Json): string
  decode(xml: string, rules?: DecodeRules): Json
}

/** Both directions for the global element `e` of some declarations. */
export function codecFor(declarations: string, attributes?: string): Codec {
  const { contract } = compileSchema(declarations, attributes)
  const element = contract.elements.get(`{${namespace}}e`)!
  return {
    contract,
    element,
    encode: json => encodeElement(element, json, contract),
    decode: (xml, rules = strictRules) => decodeXml(contract, element, xml, rules),
  }
}

export function decodeXml(
  contract: Contract,
  element: ElementDeclaration,
  xml: string,
  rules: DecodeRules = strictRules,
): Json {
  const decoder = createElementDecoder(element, contract, rules)
  readXml(xml, {
    open: (tag, resolve) => decoder.open(tag, resolve),
    text: text => decoder.text(text),
    close: resolve => {
      decoder.close(resolve)
    },
  })
  return decoder.value()
}

/** An element whose content is a sequence of the given particles. */
export function sequence(particles: string, extra = ''): string {
  return `<xs:element name="e"><xs:complexType><xs:sequence>${particles}</xs:sequence>${extra}</xs:complexType></xs:element>`
}

/** The document `<e xmlns="urn:test">…</e>`. */
export function e(content: string, attributes = ''): string {
  return `<e xmlns="${namespace}" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" ${attributes}>${content}</e>`
}

/** Null-prototype objects as plain ones, which is how toEqual tells them from each other. */
export function plain(json: Json): Json {
  return JSON.parse(JSON.stringify(json))
}
