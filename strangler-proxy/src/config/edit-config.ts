import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isMap, isScalar, isSeq, parseDocument } from 'yaml'
import type { Side, Stage } from './config-schema.ts'

/** A toggle of one capability: what is absent stays as it is. */
export type Change = {
  capability: string
  stage?: Stage | undefined
  writes?: Side | undefined
  percent?: number | undefined
  /** A rule that is added to those of its comparison; one that is there already stays as it is. */
  ignore?: IgnoreRule | undefined
}

export type IgnoreRule = {
  route?: string | undefined
  path: string
  reason: string
  until?: string | undefined
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
    if (change.ignore !== undefined) edited = addIgnore(edited, path, change.ignore)
  }
  return edited
}

function addIgnore(text: string, capability: string[], rule: IgnoreRule): string {
  const document = readDocument(text, capability)
  const path = [...capability, 'comparison', 'ignore']
  const found = document.getIn(path, true)
  const rules = isSeq(found) ? (found.toJSON() as readonly Partial<IgnoreRule>[]) : []
  if (rules.some(known => known.path === rule.path && known.route === rule.route)) return text
  const { route, until, ...rest } = rule
  const entry = document.createNode(
    { ...(route === undefined ? {} : { route }), ...rest, ...(until === undefined ? {} : { until }) },
    { flow: true },
  )
  if (isSeq(found)) found.add(entry)
  else document.setIn(path, document.createNode([entry]))
  return document.toString({ lineWidth: 0 })
}

function readDocument(text: string, capability: string[]) {
  const document = parseDocument(text)
  if (document.errors.length > 0)
    throw new ToolkitError('CONFIG_UNREADABLE', `the file is no YAML: ${document.errors[0]!.message}`)
  if (!isMap(document.getIn(capability, true)))
    throw new ToolkitError('CAPABILITY_UNKNOWN', `the file has no capability ${capability.at(-1)}`)
  return document
}

function setScalar(text: string, capability: string[], key: string[], value: string | number): string {
  const document = readDocument(text, capability)
  const found = document.getIn([...capability, ...key], true)
  if (isScalar(found) && found.range && found.anchor === undefined) {
    if (found.value === value) return text
    return text.slice(0, found.range[0]) + String(value) + text.slice(found.range[1])
  }
  document.setIn([...capability, ...key], value)
  return document.toString({ lineWidth: 0 })
}
