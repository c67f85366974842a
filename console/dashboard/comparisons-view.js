import { get, ofCapability } from './api.js'
import { divergenceSample } from './divergence-sample.js'
import { h, replaceContent, table } from './element.js'
import { count, counted, duration, text } from './format.js'
import { badge, facts, failureNote } from './parts.js'
import { routeTo } from './router.js'

const everyMs = 5_000
const pageSize = 50
const tones = { pass: 'good', fail: 'bad' }

/** `#/comparisons`: of which capability. */
export function comparisonsView({ live }) {
  const list = h('div', {})
  let shown
  return {
    title: 'Comparisons',
    name: 'comparisons',
    root: h(
      'div',
      {},
      h('h1', { tabindex: '-1' }, 'Comparisons'),
      h('p', { class: 'summary' }, 'Reads that both sides have answered, compared value by value.'),
      list,
    ),
    update() {
      const capabilities = live.snapshot?.capabilities ?? []
      const key = JSON.stringify(capabilities.map(({ name, comparison }) => [name, comparison]))
      if (key === shown) return
      shown = key
      replaceContent(
        list,
        table(
          'Comparisons by capability',
          [{ title: 'Capability' }, ...figureColumns, { title: 'Verdict' }],
          capabilities.map(({ name, comparison }) => [
            h('a', { href: routeTo(['comparisons', name]) }, name),
            ...figures(comparison),
            badge(text(comparison.verdict), tones[comparison.verdict]),
          ]),
        ),
      )
    },
  }
}

/** `#/comparisons/customers?route=…&path=…`: routes, then the divergent paths of one, then both values of one. */
export function comparisonView({ live, route, signal }) {
  const name = route.parts[1]
  const chosen = route.query.get('route') ?? undefined
  const path = route.query.get('path') ?? undefined
  const offset = Number(route.query.get('offset') ?? 0) || 0
  const summary = h('div', {})
  const routes = h('div', {})
  const paths = h('div', {})
  const sample = h('div', {})
  let shown

  async function load() {
    try {
      const [report, page] = await Promise.all([
        get(ofCapability(name, 'comparison')),
        chosen === undefined
          ? undefined
          : get(
              ofCapability(
                name,
                `divergences?${new URLSearchParams({ route: chosen, offset, limit: pageSize })}`,
              ),
            ),
      ])
      const key = JSON.stringify([report, page])
      if (key === shown) return
      shown = key
      replaceContent(summary, summaryOf(report))
      replaceContent(routes, routeTable(name, report.routes, chosen))
      replaceContent(paths, page === undefined ? null : pathTable(name, chosen, page, path, offset))
      const found = page?.divergences.find(each => each.path === path)
      if (found !== undefined && sample.childElementCount === 0)
        replaceContent(sample, divergenceSample(name, live.viewer, found))
    } catch (error) {
      replaceContent(summary, failureNote(error))
    }
  }
  load()
  const timer = setInterval(load, everyMs)
  signal.addEventListener('abort', () => clearInterval(timer))
  const crumbs = h(
    'nav',
    { class: 'choice', 'aria-label': 'Where you are' },
    h('a', { href: routeTo(['comparisons']) }, 'Comparisons'),
    h(
      'a',
      { href: routeTo(['comparisons', name]), 'aria-current': chosen === undefined ? 'page' : undefined },
      name,
    ),
    chosen === undefined
      ? null
      : h(
          'a',
          {
            href: routeTo(['comparisons', name], { route: chosen }),
            'aria-current': path === undefined ? 'page' : undefined,
          },
          chosen,
        ),
    path === undefined ? null : h('span', { 'aria-current': 'page' }, path),
  )
  return {
    title: `Comparison of ${name}`,
    name: 'comparisons',
    root: h(
      'div',
      {},
      h('h1', { tabindex: '-1' }, `Comparison of ${name}`),
      crumbs,
      summary,
      sample,
      paths,
      routes,
    ),
    update() {},
  }
}

const figureColumns = ['Samples', 'Matched', 'Ignored', 'Diverged', 'Errors', 'Noise'].map(title => ({
  title,
  numeric: true,
}))

function figures({ samples, matched, ignored, diverged, errors, noise }) {
  return [samples, matched, ignored, diverged, errors, noise].map(count)
}

function summaryOf({ samples, diverged, ignored, errors, noise, verdict }) {
  return facts(
    [
      ['Verdict', badge(text(verdict), tones[verdict])],
      ['Samples', count(samples)],
      ['Diverged', count(diverged)],
      ['Ignored by rule', count(ignored)],
      ['Not comparable', count(errors)],
      ['Legacy differed from itself', count(noise)],
    ],
    'tiles',
  )
}

function routeTable(name, routes, chosen) {
  if (routes.length === 0)
    return h(
      'p',
      { class: 'quiet' },
      'Nothing was compared yet: reads are compared in stage shadow and canary.',
    )
  const latency = ({ p50, p99 }) => `${duration(p50)} / ${duration(p99)}`
  return [
    h('h2', {}, 'Routes'),
    table(
      `Routes of ${name}`,
      [
        { title: 'Route', wide: true },
        { title: 'Verdict' },
        { title: 'Paths', numeric: true },
        ...figureColumns,
        { title: 'Legacy 50 / 99 %', numeric: true },
        { title: 'Extracted 50 / 99 %', numeric: true },
      ],
      routes.map(each => [
        h(
          'a',
          {
            href: routeTo(['comparisons', name], { route: each.route }),
            'aria-current': each.route === chosen ? 'true' : undefined,
          },
          each.route,
        ),
        badge(text(each.verdict), tones[each.verdict]),
        count(each.paths),
        ...figures(each),
        latency(each.legacyMs),
        latency(each.extractedMs),
      ]),
    ),
  ]
}

function pathTable(name, route, { total, divergences }, path, offset) {
  if (total === 0) return h('p', { class: 'note good' }, `No value of ${route} diverged.`)
  const to = (changes = {}) => routeTo(['comparisons', name], { route, ...changes })
  const last = offset + divergences.length
  return [
    h('h2', {}, `Divergent paths of ${route}`),
    table(
      `Divergent paths of ${route}`,
      [
        { title: 'Path' },
        { title: 'Count', numeric: true },
        { title: 'Legacy', wide: true },
        { title: 'Extracted', wide: true },
      ],
      divergences.map(each => [
        h(
          'a',
          {
            href: to({ offset: offset || undefined, path: each.path }),
            'aria-current': each.path === path ? 'true' : undefined,
          },
          text(each.path),
        ),
        count(each.count),
        h('code', {}, shortened(each.legacy)),
        h('code', {}, shortened(each.extracted)),
      ]),
    ),
    h(
      'p',
      { class: 'pages' },
      `${counted(total, 'path')}, ${offset + 1} to ${last} shown. `,
      offset > 0
        ? h('a', { href: to({ offset: Math.max(0, offset - pageSize) || undefined }) }, 'Earlier')
        : null,
      ' ',
      last < total ? h('a', { href: to({ offset: last }) }, 'Later') : null,
    ),
  ]
}

function shortened(value) {
  const all = text(value)
  return all.length > 80 ? `${all.slice(0, 79)}…` : all
}
