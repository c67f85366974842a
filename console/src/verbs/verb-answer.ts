import type { Answer } from '../cli.ts'
import type { VerbAnswer } from '../operator/read-answer.ts'
import { failureText } from '../render/failure.ts'
import { type Json, listOf } from '../render/json-fields.ts'
import type { Paper } from '../render/paper.ts'
import { refusalText } from '../render/refusals.ts'

/**
 * What an operator verb ended with, as an answer: refusals and failures in their own words, anything else by `text`.
 * @param capability as it was typed, so it is the operator's own text
 */
export function verbAnswer(
  verb: string,
  capability: string,
  { result, exit }: VerbAnswer,
  text: (result: Json, paper: Paper) => string,
): Answer {
  return {
    document: result,
    exit,
    text: paper => {
      // Who writes is shown also where the plan does not answer for it.
      const hasFigures = Array.isArray(result.accounts)
      if (listOf(result.refusals).length > 0 && !hasFigures)
        return refusalText(verb, capability, result, paper)
      // A drill or a verification that failed has figures of its own to show.
      const told = typeof result.code === 'string' || (result.ok === undefined && !hasFigures)
      return exit !== 0 && told ? failureText(named(verb, capability, result), paper) : text(result, paper)
    },
  }
}

function named(verb: string, capability: string, result: Json): Json {
  return { code: 'FAILED', message: `${verb} ${capability} failed`, ...result }
}
