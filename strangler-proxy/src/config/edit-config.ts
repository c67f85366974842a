import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isMap, isScalar, parseDocument } from 'yaml'
import type { Side, Stage } from './config-schema.ts'

/** A toggle of one capability: what is absent stays as it is. */
export type Change = {
  capability: string
  stage?: Stage | undefined
  writes?: Side | undefined
  percent?: number | undefined
}

/**
 * The text with the changes made in place: every comment, blank and alignment that they do not touch stays.
 * The answer is not checked: parse it before use.
 * @throws ToolkitError CONFIG_UNREADABLE when the text is no YAML, CAPABILITY_UNKNOWN when it names none such
 */
export function editConfig(text: string, changes: readonly Change[]): string {
  let edited = text
  for (const change of changes) {
    const path = ['capabilities', change.capability]
    if (change.stage !== undefined) edited = setScalar(edited, path, ['stage'], change.stage)
    if (change.writes !== undefined) edited = setScalar(edited, path, ['writes'], change.writes)
    if (change.percent !== undefined) edited = setScalar(edited, path, ['canary', 'percent'], change.percent)
  }
  return edited
}

function setScalar(text: string, capability: string[], key: string[], value: string | number): string {
  const document = parseDocument(text)
  if (document.errors.length > 0)
    throw new ToolkitError('CONFIG_UNREADABLE', `the file is no YAML: ${document.errors[0]!.message}`)
  if (!isMap(document.getIn(capability, true)))
    throw new ToolkitError('CAPABILITY_UNKNOWN', `the file has no capability ${capability.at(-1)}`)
  const found = document.getIn([...capability, ...key], true)
  if (isScalar(found) && found.range && found.anchor === undefined) {
    if (found.value === value) return text
    return text.slice(0, found.range[0]) + String(value) + text.slice(found.range[1])
  }
  document.setIn([...capability, ...key], value)
  return document.toString({ lineWidth: 0 })
}
