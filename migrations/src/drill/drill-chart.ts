import type { DrillSample } from './drill-curves.ts'

const width = 860
const height = 120

type Curve = { name: string; colour: string; values: readonly (number | null)[] }

/** Write rate by side, waiting requests and lag over the time of a drill, as SVG; nothing where there are no samples. */
export function drillChart(samples: readonly DrillSample[]): string {
  if (samples.length < 2) return ''
  const rate = (side: 'legacy' | 'extracted') =>
    samples.map((sample, index) => {
      const ms = sample.atMs - (samples[index - 1]?.atMs ?? 0)
      return ms > 0 ? (1_000 * sample[side]) / ms : 0
    })
  return [
    chart('Acknowledged writes per second', samples, [
      { name: 'legacy', colour: '#b60', values: rate('legacy') },
      { name: 'extracted', colour: '#268', values: rate('extracted') },
    ]),
    chart('Requests without an answer yet', samples, [
      { name: 'waiting', colour: '#a26', values: samples.map(({ waiting }) => waiting) },
    ]),
    chart('Lag of the sync, ms', samples, [
      { name: 'lag', colour: '#585', values: samples.map(({ lagMs }) => lagMs) },
    ]),
  ].join('')
}

function chart(title: string, samples: readonly DrillSample[], curves: readonly Curve[]): string {
  const last = samples.at(-1)!.atMs
  const top = Math.max(1, ...curves.flatMap(({ values }) => values.map(value => value ?? 0)))
  const lines = curves.map(({ name, colour, values }) => {
    const points = values.flatMap((value, index) =>
      value === null
        ? []
        : `${((samples[index]!.atMs / last) * width).toFixed(1)},${(height - (value / top) * height).toFixed(1)}`,
    )
    return `<polyline fill="none" stroke="${colour}" points="${points.join(' ')}"><title>${name}</title></polyline>`
  })
  const legend = curves.map(({ name, colour }) => `<b style="color:${colour}">${name}</b>`).join(' ')
  return `<h3>${title}</h3><p>${legend}, at most ${Math.round(top)}, over ${(last / 1_000).toFixed(1)} s</p>
<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img" aria-label="${title}">${lines.join('')}</svg>`
}
