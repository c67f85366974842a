import { h, setText, svg } from './element.js'
import { count } from './format.js'
import { historyMs } from './live.js'
import { linePath, nearest, niceCeiling } from './plot-geometry.js'

const height = 150
const edge = { left: 44, right: 8, top: 8, bottom: 22 }
const gapMs = 8_000
const minutes = [5, 4, 3, 2, 1, 0]
const fewMinutes = [4, 2, 0]
const narrow = 480

/** Lines over the last five minutes. The legend says the values: those of now, or where the pointer is. */
export function createPlot({ title, unit, series }) {
  const values = series.map(() => h('output', {}))
  const legend = h(
    'ul',
    { class: 'legend' },
    series.map(({ name, side, dashed }, at) => h('li', {}, key(side, dashed), `${name} `, values[at])),
  )
  const image = svg('svg', { role: 'img', 'aria-label': `${title}; the values are in the legend`, height })
  const root = h('figure', { class: 'plot' }, h('figcaption', {}, title), image, legend)
  let drawn = []
  let now = Date.now()
  let pointedAt

  const width = () => Math.max(240, image.clientWidth || root.clientWidth || 600)
  const x = (at, wide) => edge.left + ((wide - edge.left - edge.right) * (at - now + historyMs)) / historyMs

  function draw(points) {
    drawn = points
    now = points.at(-1)?.at ?? Date.now()
    if (!root.isConnected) return
    const wide = width()
    const highest = niceCeiling(
      Math.max(0, ...points.flatMap(point => series.map(({ value }) => value(point) ?? 0))),
    )
    const y = value => edge.top + (height - edge.top - edge.bottom) * (1 - value / highest)
    image.setAttribute('viewBox', `0 0 ${wide} ${height}`)
    image.replaceChildren(
      ...grid(highest, y, wide),
      ...ticks(at => x(at, wide), wide < narrow ? fewMinutes : minutes),
      ...lines(points, y, wide),
      ...pointer(wide),
    )
    showValues()
  }

  function lines(points, y, wide) {
    return series.map(({ side, dashed, value }) =>
      svg('path', {
        class: `line ${side} ${dashed ? 'dashed' : ''}`,
        d: linePath(points, value, at => x(at, wide), y, gapMs),
      }),
    )
  }

  function ticks(toX, shown) {
    return shown.map(minute =>
      svg(
        'text',
        {
          x: Math.round(toX(now - minute * 60_000)),
          y: height - 6,
          'text-anchor': minute === 0 ? 'end' : minute === 5 ? 'start' : 'middle',
        },
        minute === 0 ? 'now' : `−${minute} min`,
      ),
    )
  }

  function pointer(wide) {
    const point = pointed()
    return point === undefined
      ? []
      : [
          svg('line', {
            class: 'pointer',
            x1: x(point.at, wide),
            x2: x(point.at, wide),
            y1: edge.top,
            y2: height - edge.bottom,
          }),
        ]
  }

  function pointed() {
    return pointedAt === undefined ? undefined : nearest(drawn, now - historyMs * (1 - pointedAt))
  }

  function showValues() {
    const point = pointed() ?? drawn.at(-1)
    series.forEach(({ value }, at) => {
      const number = point === undefined ? undefined : value(point)
      setText(values[at], `${count(number)}${number === null || number === undefined ? '' : ` ${unit}`}`)
    })
  }

  image.addEventListener('pointermove', event => {
    const box = image.getBoundingClientRect()
    const inner = box.width - edge.left - edge.right
    pointedAt = Math.min(1, Math.max(0, (event.clientX - box.left - edge.left) / inner))
    draw(drawn)
  })
  image.addEventListener('pointerleave', () => {
    pointedAt = undefined
    draw(drawn)
  })
  return { root, draw }
}

function grid(highest, y, wide) {
  return [0, 0.5, 1].flatMap(share => [
    svg('line', {
      class: 'grid',
      x1: edge.left,
      x2: wide - edge.right,
      y1: y(highest * share),
      y2: y(highest * share),
    }),
    svg(
      'text',
      { x: edge.left - 6, y: y(highest * share) + 4, 'text-anchor': 'end' },
      count(highest * share),
    ),
  ])
}

function key(side, dashed) {
  return svg(
    'svg',
    { class: 'key', viewBox: '0 0 22 8', 'aria-hidden': 'true' },
    svg('path', { class: `line ${side} ${dashed ? 'dashed' : ''}`, d: 'M0 4L22 4' }),
  )
}
