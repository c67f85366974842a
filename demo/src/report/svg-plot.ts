export type Series = {
  name: string
  className: string
  points: readonly (readonly [atMs: number, value: number])[]
}
export type Mark = { atMs: number; label: string }

export type Plot = {
  title: string
  unit: string
  endMs: number
  series: readonly Series[]
  marks: readonly Mark[]
  /** `area` stacks the series on each other. */
  shape: 'line' | 'area'
}

const width = 1_000
const height = 190
const left = 56
const top = 12
const bottom = 34

/** A plot over time as inline SVG; numbered marks show the steps of the story. */
export function svgPlot({ title, unit, endMs, series, marks, shape }: Plot): string {
  const drawn = shape === 'area' ? stack(series) : series
  const highest = niceCeiling(Math.max(1e-9, ...drawn.flatMap(one => one.points.map(([, value]) => value))))
  const x = (atMs: number) => round(left + ((width - left - 8) * atMs) / endMs)
  const y = (value: number) => round(top + (height - top - bottom) * (1 - value / highest))
  const lines = drawn
    .map(one => {
      const path = one.points
        .map(([atMs, value], index) => `${index === 0 ? 'M' : 'L'}${x(atMs)} ${y(value)}`)
        .join('')
      const closed =
        shape === 'area' && one.points.length > 0
          ? `${path}L${x(one.points.at(-1)![0])} ${y(0)}L${x(one.points[0]![0])} ${y(0)}Z`
          : path
      return `<path class="${shape} ${one.className}" d="${closed}"/>`
    })
    .reverse()
  const grid = [0, 0.5, 1].map(share => {
    const at = y(highest * share)
    return `<line class="grid" x1="${left}" x2="${width - 8}" y1="${at}" y2="${at}"/><text x="${left - 6}" y="${at + 4}" text-anchor="end">${label(highest * share)}</text>`
  })
  const ticks = timeTicks(endMs).map(
    atMs => `<text x="${x(atMs)}" y="${height - 4}" text-anchor="middle">${atMs / 1_000} s</text>`,
  )
  const steps = marks.map(
    (mark, index) =>
      `<line class="mark" x1="${x(mark.atMs)}" x2="${x(mark.atMs)}" y1="${top}" y2="${height - bottom}"><title>${escapeHtml(mark.label)}</title></line>` +
      `<text class="mark" x="${x(mark.atMs)}" y="${height - bottom + 13}" text-anchor="middle">${index + 1}</text>`,
  )
  const legend = series
    .map(one => `<span class="key ${one.className}"></span>${escapeHtml(one.name)}`)
    .join(' ')
  return `<figure><figcaption><b>${escapeHtml(title)}</b> <small>${escapeHtml(unit)}</small> ${legend}</figcaption>
<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escapeHtml(`${title}, ${unit}`)}">${grid.join('')}${lines.join('')}${steps.join('')}${ticks.join('')}</svg></figure>`
}

function stack(series: readonly Series[]): Series[] {
  const sums: number[] = []
  return series.map(one => ({
    ...one,
    points: one.points.map(([atMs, value], index) => {
      sums[index] = (sums[index] ?? 0) + value
      return [atMs, sums[index]] as const
    }),
  }))
}

function niceCeiling(value: number): number {
  const power = 10 ** Math.floor(Math.log10(value))
  return ([1, 2, 2.5, 5, 10].find(step => step * power >= value) ?? 10) * power
}

function timeTicks(endMs: number): number[] {
  const everyMs =
    [1, 2, 5, 10, 20, 30, 60].map(seconds => seconds * 1_000).find(step => endMs / step <= 12) ?? 120_000
  return Array.from({ length: Math.floor(endMs / everyMs) + 1 }, (_, index) => index * everyMs)
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}

function label(value: number): string {
  return value >= 10 ? String(Math.round(value)) : String(Math.round(value * 100) / 100)
}

export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, found => `&#${found.charCodeAt(0)};`)
}
