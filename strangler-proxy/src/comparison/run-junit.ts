import type { RunResult } from './compare-run.ts'

/** A comparison run as JUnit XML: one test case per route. */
export function runJunit({ routes, divergences }: RunResult): string {
  const cases = routes.map(({ route, verdict, samples, errors }) => {
    const head = `<testcase classname="comparison" name="${escaped(route)}"`
    if (verdict === 'pass' && errors === 0) return `${head}/>`
    const found = divergences
      .filter(divergence => divergence.route === route)
      .map(({ path, count, before, after }) => `${path} (${count}): before ${before}, after ${after}`)
    const message = `${verdict}: ${samples} compared, ${errors} errors`
    return `${head}><failure message="${escaped(message)}">${escaped(found.join('\n'))}</failure></testcase>`
  })
  const failures = cases.filter(text => text.includes('<failure')).length
  return `<?xml version="1.0" encoding="UTF-8"?>
<testsuite name="strangler compare" tests="${cases.length}" failures="${failures}">
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
