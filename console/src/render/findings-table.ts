import type { Finding } from '../doctor/finding.ts'
import type { Paper } from './paper.ts'
import { oneLine } from './plain-text.ts'

const marks = { ok: '✓', warning: '!', problem: '✗' } as const

/** Findings under their subjects; beneath each that is not in order, what to do about it. */
export function findingsTable(findings: readonly Finding[], { paint }: Paper): string {
  const strokes = { ok: paint.green, warning: paint.yellow, problem: paint.red } as const
  const lines: string[] = []
  for (const subject of new Set(findings.map(finding => finding.subject))) {
    lines.push(paint.bold(oneLine(subject)))
    for (const { check, level, message, fix } of findings.filter(finding => finding.subject === subject)) {
      lines.push(`  ${strokes[level](marks[level])} ${oneLine(check)}: ${oneLine(message)}`)
      if (fix !== undefined) lines.push(`      → ${oneLine(fix)}`)
    }
  }
  const count = (level: Finding['level'], word: string) => {
    const found = findings.filter(finding => finding.level === level).length
    return `${found} ${word}${found === 1 ? '' : 's'}`
  }
  lines.push('', `${count('problem', 'problem')}, ${count('warning', 'warning')}`)
  return `${lines.join('\n')}\n`
}
