import { conditionText } from '../routing/route-condition.ts'
import { parseCohortKey } from './cohort-key.ts'
import {
  type CapabilityConfig,
  type Config,
  type RouteConfig,
  type UpstreamConfig,
  urlsOf,
} from './config-schema.ts'
import { parseRestPattern, parseSoapPattern, shapeOf } from './route-pattern.ts'

/** What is wrong, and where: the keys and indices that lead there. */
export type Finding = { path: (string | number)[]; message: string }

/** What the shape of a file cannot say: names that lead nowhere, routes that collide, stage against writes. */
export function checkConfig(config: Config): Finding[] {
  const findings: Finding[] = []
  const claimed = new Map<string, string>()
  const upstreams = new Set(Object.keys(config.upstreams))
  for (const [name, upstream] of Object.entries(config.upstreams))
    findings.push(...checkUpstream(['upstreams', name], upstream))
  if (!upstreams.has(config.default))
    findings.push({ path: ['default'], message: unknownUpstream(config.default, upstreams) })
  for (const [name, capability] of Object.entries(config.capabilities)) {
    const at = ['capabilities', name]
    findings.push(...checkStage(at, capability))
    capability.routes.forEach((route, index) => {
      const place = [...at, 'routes', index]
      findings.push(...checkUpstreams(place, route, capability, upstreams))
      findings.push(...checkMatch(place, route, `capabilities.${name}.routes.${index}`, claimed))
    })
    capability.comparison.ignore.forEach((rule, index) => {
      if (rule.route !== undefined && !capability.routes.some(route => routeId(route) === rule.route))
        findings.push({
          path: [...at, 'comparison', 'ignore', index, 'route'],
          message: `no route of ${name} reads ${JSON.stringify(rule.route)}`,
        })
    })
  }
  return findings
}

/** The text by which a route is known in the file, in comparisons and in metrics. */
export function routeId(route: RouteConfig): string {
  return (route.rest ?? route.soap ?? '') + conditionText(route.when)
}

function checkUpstream(at: string[], upstream: UpstreamConfig): Finding[] {
  const findings = checkBalance([...at, 'balance'], upstream.balance)
  const { url, urls, service, srv, tls } = upstream
  if ([url, urls, service, srv].filter(given => given !== undefined).length !== 1)
    findings.push({ path: at, message: 'needs one of url, urls, service and srv' })
  if (new Set(urlsOf(upstream)).size !== urlsOf(upstream).length)
    findings.push({ path: [...at, 'urls'], message: 'names one URL twice' })
  if (tls === undefined) return findings
  if (urlsOf(upstream).some(text => text.startsWith('http:')) || srv?.startsWith('_http.') === true)
    findings.push({ path: [...at, 'tls'], message: 'belongs to https:// servers' })
  if ((tls.cert === undefined) !== (tls.key === undefined))
    findings.push({ path: [...at, 'tls'], message: 'cert and key belong together' })
  return findings
}

function checkBalance(path: string[], balance: string): Finding[] {
  if (balance === 'round-robin' || balance === 'least-pending') return []
  if (!balance.startsWith('hash:')) return [{ path, message: 'round-robin, least-pending or hash:KEY' }]
  const key = parseCohortKey(balance.slice('hash:'.length))
  return typeof key === 'string' ? [{ path, message: `hash: ${key}` }] : []
}

function checkStage(at: string[], capability: CapabilityConfig): Finding[] {
  const { stage, writes, data, canary } = capability
  const findings: Finding[] = []
  if (data === 'synced') {
    const owner = stage === 'extracted' || stage === 'retired' ? 'extracted' : 'legacy'
    if (writes === undefined)
      findings.push({ path: [...at, 'writes'], message: `missing: stage ${stage} needs writes: ${owner}` })
    else if (writes !== owner)
      findings.push({
        path: [...at, 'writes'],
        message: `stage ${stage} needs writes: ${owner}, not ${writes}`,
      })
  }
  if (stage === 'canary' && canary === undefined)
    findings.push({ path: [...at, 'canary'], message: 'missing: stage canary needs { percent, key }' })
  if (canary !== undefined) {
    const key = parseCohortKey(canary.key)
    if (typeof key === 'string') findings.push({ path: [...at, 'canary', 'key'], message: key })
    else if (key.from === 'param' && !capability.routes.some(route => route.rest?.includes(`{${key.name}}`)))
      findings.push({
        path: [...at, 'canary', 'key'],
        message: `no route has a parameter {${key.name}}`,
      })
  }
  return findings
}

function checkUpstreams(
  at: (string | number)[],
  route: RouteConfig,
  capability: CapabilityConfig,
  upstreams: ReadonlySet<string>,
): Finding[] {
  const findings: Finding[] = []
  if (route.rehearse && route.effect === 'read')
    findings.push({ path: [...at, 'rehearse'], message: 'belongs to a write: reads are copied as they are' })
  if (route.legacy === undefined && capability.stage !== 'retired')
    findings.push({
      path: [...at, 'legacy'],
      message: 'missing: only a retired capability has no legacy side',
    })
  for (const side of ['legacy', 'extracted'] as const) {
    const name = route[side]
    if (name !== undefined && !upstreams.has(name))
      findings.push({ path: [...at, side], message: unknownUpstream(name, upstreams) })
  }
  return findings
}

function checkMatch(
  at: (string | number)[],
  route: RouteConfig,
  place: string,
  claimed: Map<string, string>,
): Finding[] {
  if ((route.rest === undefined) === (route.soap === undefined))
    return [{ path: at, message: 'needs either rest or soap' }]
  const findings: Finding[] = []
  if (route.rest !== undefined && route.action !== undefined)
    findings.push({ path: [...at, 'action'], message: 'belongs to a soap route' })
  if (route.soap !== undefined && route.when !== undefined)
    findings.push({ path: [...at, 'when'], message: 'belongs to a rest route' })
  const kind = route.rest === undefined ? 'soap' : 'rest'
  const shape = route.rest === undefined ? soapShape(route.soap!) : restShape(route.rest)
  if ('problem' in shape) return [...findings, { path: [...at, kind], message: shape.problem }]
  const id = shape.id + conditionText(route.when)
  const other = claimed.get(id)
  if (other !== undefined)
    findings.push({ path: [...at, kind], message: `${id} is claimed by ${other} already` })
  claimed.set(id, place)
  return findings
}

function restShape(text: string): { id: string } | { problem: string } {
  const pattern = parseRestPattern(text)
  return typeof pattern === 'string' ? { problem: pattern } : { id: shapeOf(pattern) }
}

function soapShape(text: string): { id: string } | { problem: string } {
  const pattern = parseSoapPattern(text)
  return typeof pattern === 'string' ? { problem: pattern } : { id: text }
}

function unknownUpstream(name: string, upstreams: ReadonlySet<string>): string {
  return `no upstream ${JSON.stringify(name)}; upstreams names ${[...upstreams].join(', ') || 'none'}`
}
