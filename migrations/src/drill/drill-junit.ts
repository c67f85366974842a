import type { DrillResult } from './drill.ts'

/** A drill as JUnit XML: one test case per claim. */
export function drillJunit(capability: string, result: DrillResult): string {
  const { writes, order, reads, fault, requests, findings, seed } = result
  const claims = [
    ['no acknowledged write was lost', writes.lost === 0],
    ['no write was applied twice', writes.duplicated === 0],
    ...(order === null ? [] : ([['each key kept its order', order.broken === 0]] as const)),
    ...(reads === null ? [] : ([['no caller read the past', reads.stale === 0]] as const)),
    // What is broken on purpose may fail requests.
    ...(fault === null ? ([['no request failed', requests.failed === 0]] as const) : []),
    ['nothing else was found', result.ok],
  ] as const
  const cases = claims.map(([name, held]) =>
    held
      ? `<testcase classname="drill.${capability}" name="${name}"/>`
      : `<testcase classname="drill.${capability}" name="${name}"><failure message="seed ${seed}">${escaped(findings.join('\n'))}</failure></testcase>`,
  )
  const failures = claims.filter(([, held]) => !held).length
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="drill ${capability}" tests="${cases.length}" failures="${failures}">
${cases.join('\n')}
</testsuite>
`
}

/** XML 1.0 has no place for most control characters, not even escaped. */
function escaped(text: string): string {
  return text
    .replace(/[^\t\n\r\P{Cc}]|\p{Cs}|[\uFFFE\uFFFF]/gu, '\uFFFD')
    .replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
