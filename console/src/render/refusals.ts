import { type Json, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { manyLines, oneLine } from './plain-text.ts'
import { counted } from './quantities.ts'

/** Why a verb was refused: each code, its sentence with the numbers, and what to do. */
export function refusalText(verb: string, capability: string, result: Json, { paint }: Paper): string {
  const refusals = recordsOf(result.refusals)
  const reasons = counted(refusals.length, 'reason')
  const heading = paint.red(`${verb} ${capability}: refused, for ${reasons}`)
  return `${heading}\n${refusals.map(refusal => refusalLines(refusal, paint, '  ')).join('')}→ npx strangler plan ${capability} shows every gate with its numbers\n`
}

/** One refusal, indented. */
export function refusalLines(refusal: Json, paint: Paper['paint'], indent: string): string {
  const hint = refusal.hint === undefined ? '' : `${indent}  → ${oneLine(textOf(refusal.hint))}\n`
  const message = manyLines(textOf(refusal.message)).replaceAll('\n', `\n${indent}  `)
  return `${indent}${paint.bold(oneLine(textOf(refusal.code)))}  ${message}\n${hint}`
}
