import type { DrillResult } from './drill.ts'
import { drillChart } from './drill-chart.ts'

/** A drill's evidence as one page: needs no other file, loads nothing, runs nothing. */
export function drillPage(capability: string, at: Date, result: DrillResult): string {
  const { ok, seed, writes, requests, hold, cutoverMs, rollbackMs, steps, findings } = result
  const { order, reads, fault, samples } = result
  const total = Math.max(
    1,
    steps.reduce((sum, { ms }) => sum + ms, 0),
  )
  const figures: (readonly [string, string | number])[] = [
    ['acknowledged writes', writes.acknowledged],
    ['writes of unknown outcome / of these applied', `${writes.unknown} / ${writes.unknownApplied}`],
    ['lost', writes.lost],
    ['duplicated', writes.duplicated],
    ['requests', requests.total],
    ['failed requests', requests.failed],
    ['held writes waited p50 / p99 / max', `${hold.p50Ms} / ${hold.p99Ms} / ${hold.maxMs} ms`],
    ['cutover', `${cutoverMs} ms`],
    ['rollback', `${rollbackMs} ms`],
    ...(order === null
      ? []
      : ([['writes in order / out of order', `${order.checked - order.broken} / ${order.broken}`]] as const)),
    ...(reads === null ? [] : ([['reads / stale ones', `${reads.total} / ${reads.stale}`]] as const)),
    ...(fault === null ? [] : ([['fault', `${fault.name} at ${fault.point}: ${fault.outcome}`]] as const)),
    ['seed', seed],
  ]
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>Drill of ${escaped(capability)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<style>body{font:14px system-ui;margin:2rem;max-width:900px}td,th{text-align:left;padding:.2rem .8rem .2rem 0}i{display:block;height:.8rem;background:#48c}</style>
<h1>Drill of ${escaped(capability)}: ${ok ? 'passed' : 'FAILED'}</h1><p>${at.toISOString()}</p>
<table>${figures.map(([name, value]) => `<tr><th>${name}</th><td>${escaped(String(value))}</td></tr>`).join('')}</table>
<h2>Timeline</h2><table>${steps
    .map(
      ({ name, ms, message }) =>
        `<tr><td>${escaped(name)}</td><td>${ms} ms</td><td style="width:20rem"><i style="width:${((100 * ms) / total).toFixed(1)}%"></i></td><td>${escaped(message)}</td></tr>`,
    )
    .join('')}</table>
${drillChart(samples)}
${findings.length === 0 ? '' : `<h2>Found</h2><ul>${findings.map(each => `<li>${escaped(each)}</li>`).join('')}</ul>`}
</html>
`
}

function escaped(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}
