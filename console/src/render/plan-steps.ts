import { isRecord, type Json, listOf, recordsOf, textOf } from './json-fields.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'
import { refusalLines } from './refusals.ts'

const marks: Readonly<Record<string, string>> = {
  done: '✓',
  running: '▶',
  failed: '✗',
  refused: '✗',
  reverted: '↩',
}

/** The steps of a capability, numbered, each with its state, its gates and what would be refused now. */
export function planSteps(plan: Json, capability: string, paper: Paper): string {
  const { paint } = paper
  const where = ['stage', 'writes', 'epoch']
    .filter(key => plan[key] !== undefined)
    .map(key => `${key} ${oneLine(textOf(plan[key]))}`)
  const heading = `${paint.bold(capability)}${where.length === 0 ? '' : `  ${where.join(', ')}`}\n`
  const steps = recordsOf(plan.steps)
  const body =
    steps.length === 0
      ? '  The plan has no steps.\n'
      : steps.map((step, at) => stepText(step, at + 1, paper)).join('')
  const refusals = recordsOf(plan.refusals)
  return (
    heading +
    body +
    (refusals.length === 0
      ? ''
      : `\n${paint.yellow('Would be refused now:')}\n${refusals.map(refusal => refusalLines(refusal, paint, '  ')).join('')}`)
  )
}

function stepText(step: Json, number: number, { paint }: Paper): string {
  const state = oneLine(textOf(step.state, 'pending'))
  const name = oneLine(textOf(step.title ?? step.name ?? step.id ?? step.kind))
  const about = step.description ?? step.message
  const colour =
    state === 'done' ? paint.green : state === 'failed' || state === 'refused' ? paint.red : paint.dim
  const head = `${String(number).padStart(3)}. ${colour(marks[state] ?? '·')} ${paint.bold(name)}  ${colour(state)}\n`
  const line = (text: string) => `       ${text}\n`
  return [
    head,
    about === undefined ? '' : line(oneLine(textOf(about))),
    ...listOf(step.gates).map(gate => line(gateText(gate, paint))),
    ...recordsOf(step.refusals).map(refusal => refusalLines(refusal, paint, '       ')),
  ].join('')
}

function gateText(gate: unknown, paint: Paper['paint']): string {
  if (!isRecord(gate)) return `gate ${oneLine(textOf(gate))}`
  const passed = gate.ok ?? gate.passed
  const mark = passed === true ? paint.green('✓') : passed === false ? paint.red('✗') : '·'
  const numbers = [
    gate.value === undefined ? '' : oneLine(textOf(gate.value)),
    gate.limit === undefined ? '' : `limit ${oneLine(textOf(gate.limit))}`,
  ].filter(part => part !== '')
  const words = textOf(gate.message ?? numbers.join(', '), '')
  return `${mark} ${oneLine(textOf(gate.name ?? gate.code ?? gate.gate))}${words === '' ? '' : `: ${oneLine(words)}`}`
}
