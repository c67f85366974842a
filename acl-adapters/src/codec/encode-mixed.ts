import { escapeText, isXmlText } from '../xml/xml-text.ts'
import type { Edge, State } from './content-model.ts'
import type { EncodeContext } from './encode-context.ts'
import { writeAny, writeMember } from './encode-particle.ts'
import { isJsonObject, type Json, pointerToken } from './json.ts'
import type { Layout } from './layout.ts'

/** Writes text and elements as they come; the order of the elements is checked against the content model. */
export function writeMixed(
  context: EncodeContext,
  layout: Layout,
  items: Json,
  path: string,
  depth: number,
): void {
  if (!Array.isArray(items)) {
    context.report(path, 'must be an array')
    return
  }
  let state: State = layout.model.start
  for (const [index, item] of items.entries()) {
    const at = `${path}/${index}`
    if (typeof item === 'string') {
      if (isXmlText(item)) context.out += escapeText(item)
      else context.report(at, 'contains a character that XML cannot carry')
      continue
    }
    const key = isJsonObject(item) ? Object.keys(item) : []
    const edge = key.length === 1 ? edgeOf(state, key[0]!) : undefined
    if (!isJsonObject(item) || edge === undefined) {
      context.report(at, 'must be a string or an object whose one key may stand here')
      return
    }
    const value = item[key[0]!]!
    const pointer = at + pointerToken(key[0]!)
    if (edge.particle.kind === 'any') writeAny(context, edge.particle.wildcard, value, pointer, depth + 1)
    else writeMember(context, edge.particle.element, value, pointer, depth + 1)
    state = edge.state
  }
  if (!state.final) context.report(path, 'ends too early')
}

function edgeOf(state: State, key: string): Edge | undefined {
  return [...state.next.values(), ...state.wild].find(edge => edge.key === key)
}
