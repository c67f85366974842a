import { h, replaceContent } from './element.js'
import { createPlot } from './plot.js'
import { routeTo } from './router.js'
import { failureSeries, lagSeries, latencySeries, requestSeries } from './traffic-series.js'

/** Live traffic of one capability, or of all; made of four plots. */
export function createTrafficPlots(live, name) {
  const plots = [
    createPlot({ title: 'Requests per second', unit: '/s', series: requestSeries }),
    ...(name === '' ? [] : [createPlot({ title: 'Latency', unit: 'ms', series: latencySeries })]),
    createPlot({ title: 'Failed requests per second', unit: '/s', series: failureSeries }),
    createPlot({ title: 'Lag in ms, and writes parked by a hold', unit: '', series: lagSeries }),
  ]
  let history = []
  const update = () => {
    for (const plot of plots) plot.draw(history)
  }
  live.history(name).then(points => {
    history = points
    update()
  })
  return {
    root: h(
      'div',
      { class: 'plots' },
      plots.map(({ root }) => root),
    ),
    update,
  }
}

/** `#/traffic`, `#/traffic/customers` */
export function trafficView({ live, route }) {
  const name = route.parts[1] ?? ''
  const plots = createTrafficPlots(live, name)
  const choice = h('nav', { class: 'choice', 'aria-label': 'Capability' })
  const title = name === '' ? 'Traffic of all capabilities' : `Traffic of ${name}`
  let shown
  return {
    title,
    name: 'traffic',
    root: h('div', {}, h('h1', { tabindex: '-1' }, title), choice, plots.root),
    update() {
      const names = (live.snapshot?.capabilities ?? []).map(each => each.name)
      if (JSON.stringify(names) !== shown)
        replaceContent(
          choice,
          ['', ...names].map(each =>
            h(
              'a',
              {
                href: routeTo(each === '' ? ['traffic'] : ['traffic', each]),
                'aria-current': each === name ? 'page' : undefined,
              },
              each === '' ? 'all' : each,
            ),
          ),
        )
      shown = JSON.stringify(names)
      plots.update()
    },
  }
}
