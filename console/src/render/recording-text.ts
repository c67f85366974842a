import { type Json, listOf, numberOf, recordOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'

/** What a recording holds, where it lies, and what it is good for. */
export function recordingText(recording: Json, { paint }: Paper): string {
  const { id, active, capability, recorded, seen } = recording
  const skipped = Object.entries(recordOf(recording.skipped))
    .filter(([, times]) => (numberOf(times) ?? 0) > 0)
    .map(([reason, times]) => `${textOf(times)} ${reason}`)
  const files = listOf(recording.files).map(file => oneLine(textOf(file)))
  const of = capability === null || capability === undefined ? '' : ` of ${oneLine(textOf(capability))}`
  const state = active === true ? paint.green('records') : 'ended'
  return [
    `${oneLine(textOf(id))} ${state}${of}: ${textOf(recorded)} of ${textOf(seen)} requests`,
    ...(skipped.length === 0 ? [] : [`  left out: ${skipped.join(', ')}`]),
    ...files.map(file => `  ${file}`),
    ...(active === true || files.length === 0
      ? []
      : [`→ npx strangler compare --before URL --after URL --requests ${files[0]}`]),
    '',
  ].join('\n')
}
