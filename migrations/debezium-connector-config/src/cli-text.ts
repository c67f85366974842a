import type { ConnectorOffset, ConnectorStatus } from './connect-client.ts'
import type { Finding } from './connector-config.ts'

/** Findings for people: one line each, the suggestion below, a count at the end. */
export function findingsText(findings: readonly Finding[], source: string): string {
  const width = Math.min(48, Math.max(0, ...findings.map(({ property }) => property.length)))
  const lines = findings.map(({ severity, property, message, suggestion }) => {
    const line = `${severity.padEnd(7)}  ${property.padEnd(width)}  ${message}`
    return suggestion === undefined ? line : `${line}\n${' '.repeat(9)}→ ${suggestion}`
  })
  const errors = findings.filter(({ severity }) => severity === 'error').length
  const warnings = findings.length - errors
  return `${[...lines, `${source}: ${count(errors, 'error')}, ${count(warnings, 'warning')}`].join('\n')}\n`
}

export function statusText({ name, state, worker, trace, tasks }: ConnectorStatus): string {
  const reason = (text: string | undefined) => (text === undefined ? '' : `  ${text}`)
  return [
    `${name}  ${state}  on ${worker}${reason(trace)}`,
    ...tasks.map(task => `  task ${task.id}  ${task.state}  on ${task.worker}${reason(task.trace)}`),
    '',
  ].join('\n')
}

export function offsetsText(offsets: readonly ConnectorOffset[]): string {
  if (offsets.length === 0) return 'no offsets yet\n'
  return `${offsets.map(({ partition, offset }) => `${JSON.stringify(partition)}  ${JSON.stringify(offset)}`).join('\n')}\n`
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? '' : 's'}`
}
