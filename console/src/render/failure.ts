import { type Json, recordOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { manyLines, oneLine } from './plain-text.ts'
import { problemSentence } from './status-table.ts'

/** What went wrong, every problem of the input, and what to do next. */
export function failureText(failure: Json, { paint }: Paper): string {
  const message = manyLines(textOf(failure.message))
  const problems = recordsOf(failure.problems ?? recordOf(failure.details).problems)
    .map(problem => oneLine(problemSentence(problem)))
    .filter(sentence => !message.includes(sentence))
    .map(sentence => `  ${sentence}\n`)
  const hint = failure.hint === undefined ? '' : `→ ${manyLines(textOf(failure.hint))}\n`
  return `${paint.red(oneLine(textOf(failure.code)))}: ${message}\n${problems.join('')}${hint}`
}
