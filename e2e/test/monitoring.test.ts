import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { referenceProgram } from '../src/cli-reference.ts'
import { shellWords } from '../src/documentation-pages.ts'
import { exportedMetrics } from '../src/exported-metrics.ts'

const root = join(import.meta.dirname, '..', '..')
const read = (path: string) => readFileSync(join(root, 'compose', path), 'utf8')

type Rule = { alert: string; expr: string; annotations: { summary: string; do: string } }
type Panel = {
  title: string
  gridPos: { x: number; w: number }
  targets: { expr: string; legendFormat: string }[]
}

const alerts = (parse(read('prometheus/alerts.yml')) as { groups: { rules: Rule[] }[] }).groups.flatMap(
  ({ rules }) => rules,
)
const dashboard = JSON.parse(read('grafana/dashboards/strangler.json')) as {
  panels: Panel[]
  annotations: { list: { expr: string }[] }
}
const expressions = [
  ...alerts.map(({ alert, expr }) => ({ of: alert, expr })),
  ...dashboard.panels.flatMap(({ title, targets }) => targets.map(({ expr }) => ({ of: title, expr }))),
  ...dashboard.annotations.list.map(({ expr }) => ({ of: 'annotation', expr })),
]
const exported = exportedMetrics()
/** What Prometheus adds to every series. */
const ofPrometheus = ['job', 'instance', 'le', 'generation']

/** The series of an expression: metric, and the labels that it is selected by. */
function seriesOf(expr: string): { name: string; labels: string[] }[] {
  return [...expr.matchAll(/\b(strangler_\w+)(?:\{([^}]*)\})?/g)].map(([, series = '', selector = '']) => ({
    name: series,
    labels: [...selector.matchAll(/(\w+)\s*(?:=~|!~|!=|=)/g)].map(([, label = '']) => label),
  }))
}

function metricOf(name: string) {
  return exported.find(
    metric =>
      metric.name === name ||
      (metric.type === 'histogram' && name.replace(/_(bucket|sum|count)$/, '') === metric.name),
  )
}

test('alerts and dashboard ask for metrics that the processes export, by labels that they have', () => {
  expect(expressions.length).toBeGreaterThan(25)
  const wrong = expressions.flatMap(({ of, expr }) => {
    const series = seriesOf(expr)
    const labels = new Set([...ofPrometheus, ...series.flatMap(({ name }) => metricOf(name)?.labels ?? [])])
    const grouped = [...expr.matchAll(/\b(?:by|on) \(([^)]*)\)/g)].flatMap(([, list = '']) =>
      list.split(/,\s*/),
    )
    return [
      ...series
        .filter(({ name }) => metricOf(name) === undefined)
        .map(({ name }) => `${of}: no metric ${name}`),
      ...series.flatMap(({ name, labels: by }) =>
        by
          .filter(label => !ofPrometheus.includes(label) && metricOf(name)?.labels.includes(label) !== true)
          .map(label => `${of}: ${name} has no label ${label}`),
      ),
      ...grouped.filter(label => !labels.has(label)).map(label => `${of}: nothing has a label ${label}`),
    ]
  })
  expect(wrong).toEqual([])
})

test('the values that an expression selects are values that the proxy counts', () => {
  const files = ['serve-request.ts', 'forwarding/forward.ts', 'proxy-metrics.ts', 'holding/hold-desk.ts']
  const sources = files.map(file => readFileSync(join(root, 'strangler-proxy/src', file), 'utf8')).join('')
  const values = expressions.flatMap(({ expr }) =>
    [...expr.matchAll(/\b(?:outcome|end)(?:!~|=~|!=|=)"([^"]+)"/g)].flatMap(([, list = '']) =>
      list.split('|'),
    ),
  )
  expect(values.length).toBeGreaterThan(4)
  expect(values.filter(value => !sources.includes(`'${value}'`))).toEqual([])
})

test('legends name labels, and panels keep within the grid', () => {
  for (const { gridPos, targets, title } of dashboard.panels) {
    expect(gridPos.x + gridPos.w).toBeLessThanOrEqual(24)
    for (const { expr, legendFormat } of targets) {
      const labels = [...ofPrometheus, ...seriesOf(expr).flatMap(({ name }) => metricOf(name)?.labels ?? [])]
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g))
        expect({ title, labels }).toMatchObject({ labels: expect.arrayContaining([label]) })
    }
  }
})

test('what an alert says to do can be done: its pages are there, its verbs exist', () => {
  const verbs = referenceProgram().commands.map(command => command.name())
  for (const { alert, annotations } of alerts) {
    const [first = ''] = annotations.do.split(/[:;]/)
    if (/\.md$/.test(first))
      expect({ alert, there: existsSync(join(root, first)) }).toEqual({ alert, there: true })
    for (const [, rest = ''] of annotations.do.matchAll(/npx strangler ([^;,]+)/g))
      expect(verbs).toContain(shellWords(rest)[0])
  }
})

test('everything that is scraped is a process of docker-compose.yml', () => {
  const { scrape_configs: jobs } = parse(read('prometheus/prometheus.yml')) as {
    scrape_configs: { static_configs: { targets: string[] }[] }[]
  }
  const { services } = parse(readFileSync(join(root, 'docker-compose.yml'), 'utf8')) as {
    services: Record<string, unknown>
  }
  const targets = jobs.flatMap(job => job.static_configs.flatMap(config => config.targets))
  expect(targets.map(target => target.split(':')[0]).filter(name => services[name!] === undefined)).toEqual(
    [],
  )
})
