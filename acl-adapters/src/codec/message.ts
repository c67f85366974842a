import { invalidInput, type Problem } from '@strangler/kit/problem.ts'
import { isToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { ElementDeclaration, Message } from '../contract/contract.ts'
import { encodeEncoded } from '../encoded/encode-encoded.ts'
import { localOf, type QualifiedName } from '../xml/qualified-name.ts'
import type { EncodeContract } from './encode-context.ts'
import { encodeElement } from './encode-element.ts'
import { emptyObject, isJsonObject, type Json, type JsonObject, pointerToken } from './json.ts'

/**
 * The child of the Body for a message: nothing for an empty message; a simple element's value stands under
 * the element's local name.
 * @throws ToolkitError VALUE_REFUSED, CONSTRUCT_UNSUPPORTED
 */
export function encodeMessage(message: Message, json: Json, contract: EncodeContract): string {
  const { element } = message
  if (!isJsonObject(json))
    throw invalidInput('VALUE_REFUSED', message.name, [{ path: '/', message: 'must be an object' }])
  if (message.encoded !== undefined) return encodeEncoded(element!, json, contract, message.encoded)
  if (message.parts !== undefined) return encodeParts(message.name, message.parts, json, contract)
  if (element?.type.kind === 'complex') return encodeElement(element, json, contract)
  const key = element === undefined ? undefined : localOf(element.name)
  const strangers = Object.keys(json).filter(name => name !== key)
  if (strangers.length > 0)
    throw invalidInput(
      'VALUE_REFUSED',
      message.name,
      strangers.map(name => ({ path: pointerToken(name), message: 'is not a key of this object' })),
    )
  if (element === undefined) return ''
  const value = json[key!]
  if (value === undefined)
    throw invalidInput('VALUE_REFUSED', message.name, [{ path: pointerToken(key!), message: 'is missing' }])
  return encodeElement(element, value, contract)
}

/** Each part under its local name. */
function encodeParts(
  name: string,
  parts: readonly ElementDeclaration[],
  json: JsonObject,
  contract: EncodeContract,
): string {
  const keys = parts.map(part => localOf(part.name))
  const problems: Problem[] = Object.keys(json)
    .filter(key => !keys.includes(key))
    .map(key => ({ path: pointerToken(key), message: 'is not a key of this object' }))
  let text = ''
  for (const [index, part] of parts.entries()) {
    const value = json[keys[index]!]
    const at = pointerToken(keys[index]!)
    if (value === undefined) problems.push({ path: at, message: 'is missing' })
    else
      try {
        text += encodeElement(part, value, contract)
      } catch (error) {
        if (!isToolkitError(error, 'VALUE_REFUSED')) throw error
        for (const { path, message } of error.details.problems as Problem[])
          problems.push({ path: path === '/' ? at : at + path, message })
      }
  }
  if (problems.length > 0) throw invalidInput('VALUE_REFUSED', name, problems)
  return text
}

/**
 * The header blocks of a message: what `$headers` has under the local names of those its binding declares.
 * @returns their XML, and the JSON without them
 * @throws ToolkitError VALUE_REFUSED
 */
export function takeHeaders(
  message: Message,
  json: Json,
  contract: EncodeContract,
): { headers: string; body: Json } {
  if (!isJsonObject(json) || json.$headers === undefined || message.headers === undefined)
    return { headers: '', body: json }
  const { $headers: given, ...body } = json
  const problems: Problem[] = []
  let headers = ''
  if (!isJsonObject(given)) problems.push({ path: '/$headers', message: 'must be an object' })
  else
    for (const [key, value] of Object.entries(given)) {
      const element = message.headers.find(({ name }) => localOf(name) === key)
      if (element === undefined)
        problems.push({ path: `/$headers${pointerToken(key)}`, message: 'is not a header of the operation' })
      else headers += encodeElement(element, value, contract)
    }
  if (problems.length > 0) throw invalidInput('VALUE_REFUSED', message.name, problems)
  return { headers, body }
}

/** The JSON of a message with the header blocks that its binding names, under `$headers`. */
export function withHeaders(json: Json, blocks: readonly { name: QualifiedName; json: Json }[]): Json {
  if (blocks.length === 0 || !isJsonObject(json)) return json
  const headers = emptyObject()
  for (const block of blocks) headers[localOf(block.name)] = block.json
  json.$headers = headers
  return json
}

/** The JSON of a message from the value its element was decoded to. */
export function messageJson(element: ElementDeclaration | undefined, value: Json): Json {
  if (element === undefined) return emptyObject()
  if (element.type.kind === 'complex') return value ?? emptyObject()
  const json = emptyObject()
  json[localOf(element.name)] = value
  return json
}
