import { type Draft, sideName } from './draft.ts'

/** The first strangler.yaml: everything is served by the monolith. */
export function configText(draft: Draft): string {
  const { capability, monolithUrl, soap, rest, data, ports } = draft
  const service = sideName(draft)
  const width = Math.max(
    0,
    ...[
      ...(soap?.operations ?? []).map(({ name }) => `${soap?.path}#${name}`),
      ...rest.map(({ route }) => route),
    ].map(text => text.length),
  )
  const line = (kind: string, text: string, effect: string, extracted: string, more = '') =>
    `      - { ${kind}: ${quoted(text)},${' '.repeat(width - text.length)} effect: ${`${effect},`.padEnd(6)} legacy: monolith, extracted: ${extracted}${more} }`
  const routes = [
    ...rest.map(({ route, effect }) => line('rest', route, effect, service)),
    ...(soap?.operations ?? []).map(({ name, effect, action }) =>
      line('soap', `${soap?.path}#${name}`, effect, 'facade', actionOf(name, action)),
    ),
  ]
  return `# yaml-language-server: $schema=./strangler.schema.json
# What the proxy serves. Edit it while it runs, or: npx strangler stage ${capability} shadow --reason "…"
version: 1

upstreams:
  monolith: { url: ${quoted(monolithUrl)} }
  ${service}: { url: "http://127.0.0.1:${ports.service}" }
${soap === undefined ? '' : `  facade: { url: "http://127.0.0.1:${ports.facade}" }    # SOAP over the service\n`}
default: monolith                                # whatever no route below claims

expose: true                                     # replies say by Strangler-Side who answered

capabilities:
  ${capability}:
    stage: legacy                                # legacy | shadow | canary | extracted | retired
${data === undefined ? '    data: none                                   # nothing of its own: stages toggle freely\n' : '    writes: legacy                               # moved by cutover and rollback only\n    data: synced\n'}    canary: { percent: 10, key: ip }             # or cookie:NAME, header:NAME, param:NAME, bearer
    routes:
${routes.join('\n')}
`
}

/** A SOAPAction that does not end in the operation's name has to be said. */
function actionOf(name: string, action: string): string {
  return action === '' || new RegExp(`(^|[/#:.])${name}$`).test(action) ? '' : `, action: ${quoted(action)}`
}

function quoted(text: string): string {
  return JSON.stringify(text)
}
