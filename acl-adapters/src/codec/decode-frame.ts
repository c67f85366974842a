import type { ComplexType, ElementDeclaration, SimpleType } from '../contract/contract.ts'
import { localOf } from '../xml/qualified-name.ts'
import type { GroupEntry, State } from './content-model.ts'
import type { GenericReader } from './generic-node.ts'
import { type Json, type JsonObject, pointerToken } from './json.ts'
import type { Label } from './labelled-value.ts'
import type { Layout } from './layout.ts'

/** An element that the decoder stands in. */
export type Frame = {
  type: SimpleType | ComplexType
  element: ElementDeclaration
  layout: Layout | undefined
  object: JsonObject | undefined
  nil: boolean
  text: string
  hasChildren: boolean
  state: State | undefined
  groups: readonly GroupEntry[]
  items: JsonObject[]
  target: JsonObject
  key: string
  many: boolean
  label: Label | undefined
  /** Text and children in their order, of mixed content. */
  mixed: Json[] | undefined
  generic: GenericReader | undefined
}

export function append(target: JsonObject, key: string, value: Json): void {
  const list = target[key]
  if (list === undefined) target[key] = [value]
  else (list as Json[]).push(value)
}

export function takeMixedText(frame: Frame): void {
  if (frame.text !== '') frame.mixed!.push(frame.text)
  frame.text = ''
}

/** Local names of the elements that may come next. */
export function expected({ state }: Frame): string[] {
  return [...(state?.next.keys() ?? [])].map(localOf)
}

export function expectation(frame: Frame): string {
  const names = expected(frame)
  return names.length === 0
    ? '(no further element is expected)'
    : `(expected ${names.slice(0, 12).join(', ')})`
}

/** A JSON pointer to where the decoder stands. */
export function pathOf(frames: readonly Frame[]): string {
  let path = ''
  frames.forEach((frame, depth) => {
    const parent = frames[depth - 1]
    if (parent === undefined) return
    let scope = parent.object!
    if (parent.mixed !== undefined) {
      path += `/$mixed/${parent.mixed.length - 1}${pointerToken(frame.key)}`
      return
    }
    for (const [index, item] of parent.items.entries()) {
      const { key } = parent.groups[index]!
      path += `${pointerToken(key)}/${((scope[key] as Json[] | undefined)?.length ?? 1) - 1}`
      scope = item
    }
    path += pointerToken(frame.key)
    if (frame.many) path += `/${(scope[frame.key] as Json[] | undefined)?.length ?? 0}`
  })
  return path
}
