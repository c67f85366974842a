import type { DemoReport } from './demo-report.ts'
import { escapeHtml, svgPlot } from './svg-plot.ts'

const style = `
:root{--ink:#1d2733;--soft:#66737f;--line:#d9dfe4;--paper:#fff;--legacy:#b3722a;--extracted:#1c7c6e;--bad:#c0322b;--lag:#5a54b8}
@media(prefers-color-scheme:dark){:root{--ink:#e3e8ec;--soft:#93a0ab;--line:#36414b;--paper:#151b21;--legacy:#d79a56;--extracted:#4db7a6;--bad:#ef6f66;--lag:#9a95ee}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:64rem;margin:2rem auto;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.1rem;margin-top:2.2rem}table{border-collapse:collapse;width:100%}
td,th{text-align:left;padding:.3rem .6rem;border-bottom:1px solid var(--line);vertical-align:top}
.ok{color:var(--extracted)}.bad{color:var(--bad);font-weight:600}small,figcaption small{color:var(--soft)}
figure{margin:1.2rem 0}svg{width:100%;height:auto}svg text{font-size:11px;fill:var(--soft)}svg text.mark{fill:var(--ink);font-weight:600}
.grid{stroke:var(--line)}line.mark{stroke:var(--soft);stroke-dasharray:3 3}path{fill:none;stroke-width:1.6}
path.area{stroke:none;opacity:.75}
path.line.legacy{stroke:var(--legacy)}path.line.extracted{stroke:var(--extracted)}path.line.lag{stroke:var(--lag)}path.line.bad{stroke:var(--bad)}
path.area.legacy{fill:var(--legacy)}path.area.extracted{fill:var(--extracted)}path.area.bad{fill:var(--bad)}
.key{display:inline-block;width:.8em;height:.8em;margin-left:.8em;border-radius:2px;background:var(--soft)}
.key.legacy{background:var(--legacy)}.key.extracted{background:var(--extracted)}.key.lag{background:var(--lag)}.key.bad{background:var(--bad)}
code{font-size:.92em}td:nth-child(2){white-space:nowrap}`

/** The run on one page that needs nothing else: figures, plots with the steps marked, the steps themselves. */
export function htmlReport(report: DemoReport): string {
  const { slices, steps, lag } = report
  const endMs = Math.max(report.seconds * 1_000, 1)
  const plot = { endMs, marks: steps }
  const perSecond = (value: number, index: number) =>
    (value * 1_000) / Math.max(1, slices[index]!.atMs - (slices[index - 1]?.atMs ?? 0))
  const plots = [
    svgPlot({
      ...plot,
      title: 'Requests by side',
      unit: 'per second',
      shape: 'area',
      series: [
        {
          name: 'legacy',
          className: 'legacy',
          points: slices.map((slice, index) => [slice.atMs, perSecond(slice.legacy, index)]),
        },
        {
          name: 'extracted',
          className: 'extracted',
          points: slices.map((slice, index) => [slice.atMs, perSecond(slice.extracted, index)]),
        },
        {
          name: 'failed',
          className: 'bad',
          points: slices.map((slice, index) => [slice.atMs, perSecond(slice.failed, index)]),
        },
      ],
    }),
    svgPlot({
      ...plot,
      title: 'Latency seen by clients',
      unit: 'ms (held writes show in p99)',
      shape: 'line',
      series: [
        { name: 'p50', className: 'extracted', points: slices.map(slice => [slice.atMs, slice.p50Ms]) },
        { name: 'p99', className: 'legacy', points: slices.map(slice => [slice.atMs, slice.p99Ms]) },
      ],
    }),
    svgPlot({
      ...plot,
      title: 'Replication lag',
      unit: 'ms, in the direction away from the write owner',
      shape: 'line',
      series: [{ name: 'lag', className: 'lag', points: lag.map(point => [point.atMs, point.lagMs]) }],
    }),
  ]
  const claims = report.claims.map(
    claim =>
      `<tr><td>${escapeHtml(claim.name)}</td><td><b>${escapeHtml(claim.value)}</b></td><td>${escapeHtml(claim.limit)}</td><td class="${claim.ok ? 'ok' : 'bad'}">${claim.ok ? 'holds' : 'FAILS'}</td></tr>`,
  )
  const story = steps.map(
    (step, index) =>
      `<tr><td>${index + 1}</td><td>${(step.atMs / 1_000).toFixed(1)} s</td><td>${escapeHtml(step.label)}${step.command === null ? '' : `<br><code>${escapeHtml(step.command)}</code>`}</td><td>${escapeHtml(step.outcome)}</td></tr>`,
  )
  const complaints =
    report.complaints.length === 0
      ? ''
      : `<h2>What clients complained of</h2><ul>${report.complaints.map(text => `<li><code>${escapeHtml(text)}</code></li>`).join('')}</ul>`
  return `<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>strangler demo: ${report.ok ? 'PASS' : 'FAIL'}</title><style>${style}</style></head><body>
<h1>One capability moved to a service and back: <span class="${report.ok ? 'ok' : 'bad'}">${report.ok ? 'PASS' : 'FAIL'}</span></h1>
<p><small>${escapeHtml(report.startedAt)}, ${report.seconds.toFixed(0)} seconds of traffic. Every figure on this page was measured in that run.</small></p>
<h2>Claims</h2><table><tr><th>what</th><th>measured</th><th>must be</th><th></th></tr>${claims.join('')}</table>
<h2>What happened</h2>${plots.join('\n')}
<h2>Steps</h2><table><tr><th></th><th>at</th><th>step</th><th>outcome</th></tr>${story.join('')}</table>
<h2>Figures</h2><table>${Object.entries(report.figures)
    .map(
      ([name, value]) =>
        `<tr><td>${escapeHtml(name)}</td><td>${escapeHtml(String(value ?? 'none'))}</td></tr>`,
    )
    .join('')}</table>
${complaints}</body></html>\n`
}
