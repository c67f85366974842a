import { execFile } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { expect, test } from '@jest/globals'
import { parseConfig } from '@strangler/proxy/config/parse-config.ts'
import { parse, parseAllDocuments } from 'yaml'

const run = promisify(execFile)
const root = join(import.meta.dirname, '../..')
const folder = join(root, 'deploy/kubernetes')
const models = dirname(createRequire(import.meta.url).resolve('kubernetes-models/package.json'))

type Json = Record<string, unknown>
type Port = { name?: string; containerPort: number }
type Container = {
  name: string
  command: string[]
  env?: { name: string }[]
  ports?: Port[]
  resources?: { requests?: Json; limits?: Json }
} & Record<
  'startupProbe' | 'livenessProbe' | 'readinessProbe',
  { httpGet: { path: string; port: string } } | undefined
>
type Manifest = { apiVersion: string; kind: string; metadata: { name: string } } & Json
type Peer = { podSelector?: { matchLabels?: Record<string, string> } }
type Rule = { from?: Peer[]; to?: Peer[]; ports?: { port: number }[] }

function documentsOf(text: string): Manifest[] {
  return parseAllDocuments(text).map(document => document.toJS() as Manifest)
}

const base = readdirSync(join(folder, 'base'))
  .filter(name => name.endsWith('.yaml') && name !== 'kustomization.yaml')
  .flatMap(name => documentsOf(readFileSync(join(folder, 'base', name), 'utf8')))
const ofKind = (kind: string) => base.filter(manifest => manifest.kind === kind)
const workloads = [...ofKind('Deployment'), ...ofKind('StatefulSet')].map(({ metadata, spec }) => {
  const { template } = spec as {
    template: { spec: { containers: Container[]; initContainers?: Container[] } }
  }
  const [main] = template.spec.containers
  return {
    name: metadata.name,
    main: main!,
    containers: [...template.spec.containers, ...(template.spec.initContainers ?? [])],
  }
})

/** What the API's own types have against the manifests: wrong types, missing members, and members that there are not. */
async function problemsOf(manifests: readonly Manifest[]): Promise<string[]> {
  const temporary = await mkdtemp(join(tmpdir(), 'strangler-manifests-'))
  try {
    const lines = manifests.map((manifest, index) => {
      const file = join(
        models,
        manifest.apiVersion === 'v1' ? 'v1' : manifest.apiVersion,
        `${manifest.kind}.js`,
      )
      if (!existsSync(file)) throw new Error(`the API has no ${manifest.apiVersion} ${manifest.kind}`)
      return `const _${index}: import(${JSON.stringify(file)}).I${manifest.kind} = ${JSON.stringify(manifest)}`
    })
    const source = join(temporary, 'manifests.ts')
    await writeFile(source, `${lines.join('\n')}\n`)
    const tsc = join(root, 'node_modules/typescript/bin/tsc')
    const options = [
      '--noEmit',
      '--ignoreConfig',
      '--strict',
      '--skipLibCheck',
      '--module',
      'nodenext',
      '--types',
      '',
    ]
    const checked = await run(process.execPath, [tsc, ...options, source]).catch(
      (error: { stdout: string; stderr: string }) => error,
    )
    return checked.stdout.split('\n').filter(line => line.includes('error TS'))
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}

/** The same, for what types do not say: formats and bounds, by the schemas of the API. */
async function refusalsOf(manifests: readonly Manifest[]): Promise<string[]> {
  const refusals: string[] = []
  for (const manifest of manifests) {
    const { [manifest.kind]: Model } = (await import(
      join(models, manifest.apiVersion, `${manifest.kind}.js`)
    )) as Record<string, new (data: Manifest) => { validate(): void }>
    try {
      new Model!(manifest).validate()
    } catch (error) {
      refusals.push(`${manifest.kind} ${manifest.metadata.name}: ${(error as Error).message}`)
    }
  }
  return refusals
}

test('are what the Kubernetes API takes, member by member', async () => {
  expect(base.length).toBeGreaterThan(30)
  expect(await problemsOf(base)).toEqual([])
  expect(await refusalsOf(base)).toEqual([])
}, 60_000)

test('would be found out if they were not', async () => {
  const wrong = (change: (spec: { replicas?: unknown; template: { spec: Json } }) => void): Manifest => {
    const [deployment] = structuredClone(ofKind('Deployment')) as [Manifest]
    change(deployment.spec as { template: { spec: Json } })
    return deployment
  }
  const misspelt = wrong(({ template }) => {
    template.spec.terminationGracePeriod = 30
  })
  const mistyped = wrong(spec => {
    spec.replicas = 'two'
  })
  expect(await problemsOf([misspelt])).toEqual([expect.stringContaining('terminationGracePeriod')])
  expect(await problemsOf([mistyped])).toHaveLength(1)
  expect(await refusalsOf([mistyped])).toEqual([expect.stringContaining('replicas')])
}, 60_000)

test('start mains that there are, with variables that they read, and probe ports that they open', () => {
  expect(workloads.map(({ name }) => name).sort()).toEqual(
    [
      'acl',
      'catalog',
      'customers',
      'dashboard',
      'engine',
      'monolith',
      'orders',
      'proxy',
      'storefront',
    ].sort(),
  )
  for (const { name, main } of workloads) {
    const path = main.command.find(part => part.endsWith('.ts'))!
    expect([name, existsSync(join(root, path))]).toEqual([name, true])
    const read = sourcesOf(path)
    const unread = (main.env ?? []).map(variable => variable.name).filter(variable => !isRead(variable, read))
    expect([name, unread]).toEqual([name, []])
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const) {
      const { httpGet } = main[probe]!
      expect([name, (main.ports ?? []).map(port => port.name)]).toEqual([
        name,
        expect.arrayContaining([httpGet.port]),
      ])
      expect(httpGet.path).toBe(probe === 'readinessProbe' ? '/health/ready' : '/health/live')
    }
  }
})

test('bound what each container takes, and let it do nothing but its work', () => {
  for (const { name, containers } of workloads)
    for (const container of containers) {
      const { resources, securityContext } = container as Container & { securityContext: Json }
      for (const part of [resources?.requests, resources?.limits])
        expect([name, Object.keys(part ?? {}).sort()]).toEqual([name, ['cpu', 'memory']])
      expect(securityContext).toEqual({
        allowPrivilegeEscalation: false,
        readOnlyRootFilesystem: true,
        capabilities: { drop: ['ALL'] },
      })
    }
})

test('have a Service with its ports, and a disruption budget, for each process', () => {
  for (const { name, main } of workloads) {
    const services = ofKind('Service').filter(
      ({ spec }) => (spec as { selector: Json }).selector['app.kubernetes.io/name'] === name,
    )
    const targets = services.flatMap(({ spec }) => (spec as { ports: { targetPort: string }[] }).ports)
    expect([name, targets.map(({ targetPort }) => targetPort).sort()]).toEqual([
      name,
      (main.ports ?? []).map(port => port.name).sort(),
    ])
    expect(ofKind('PodDisruptionBudget').map(({ metadata }) => metadata.name)).toContain(name)
  }
  for (const { spec } of ofKind('HorizontalPodAutoscaler'))
    expect(workloads.map(({ name }) => name)).toContain(
      (spec as { scaleTargetRef: { name: string } }).scaleTargetRef.name,
    )
})

test('let nobody through but along edges that both ends have, to ports that are open', () => {
  const policies = new Map(ofKind('NetworkPolicy').map(({ metadata, spec }) => [metadata.name, spec as Json]))
  expect(policies.get('nobody')).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] })
  const edges = (direction: 'ingress' | 'egress') =>
    workloads.flatMap(({ name }) =>
      ((policies.get(name)?.[direction] ?? []) as Rule[]).flatMap(({ from, to, ports = [] }) =>
        (from ?? to ?? []).flatMap(peer => {
          const other = peer.podSelector?.matchLabels?.['app.kubernetes.io/name']
          if (other === undefined) return []
          return ports.map(({ port }) =>
            (direction === 'egress' ? [name, other, port] : [other, name, port]).join(' '),
          )
        }),
      ),
    )
  expect(edges('ingress').sort()).toEqual(edges('egress').sort())
  for (const edge of edges('egress')) {
    const [, to, port] = edge.split(' ')
    const target = workloads.find(({ name }) => name === to)
    expect([edge, target?.main.ports?.map(({ containerPort }) => String(containerPort))]).toEqual([
      edge,
      expect.arrayContaining([port]),
    ])
  }
})

test('begin with the routes of the sample, to processes that there are, and keep what was changed since', async () => {
  const temporary = await mkdtemp(join(tmpdir(), 'strangler-routes-'))
  try {
    const file = join(temporary, 'strangler.yaml')
    const script = join(folder, 'first-routes-main.ts')
    const first = () => run(process.execPath, [script, join(root, 'strangler.yaml'), file])
    await first()
    const text = readFileSync(file, 'utf8')
    expect(parseConfig(text).problems).toEqual([])
    type Routes = { capabilities: Json; upstreams: Record<string, { url: string }> }
    const routes = parse(text) as Routes
    const sample = parse(readFileSync(join(root, 'strangler.yaml'), 'utf8')) as Routes
    expect(routes.capabilities).toEqual(sample.capabilities)
    for (const { url } of Object.values(routes.upstreams)) {
      const { hostname, port } = new URL(url)
      const target = workloads.find(({ name }) => name === hostname)
      expect([url, target?.main.ports?.map(({ containerPort }) => containerPort)]).toEqual([
        url,
        expect.arrayContaining([Number(port)]),
      ])
    }
    await writeFile(file, '# changed by an operator\n')
    await first()
    expect(readFileSync(file, 'utf8')).toBe('# changed by an operator\n')
  } finally {
    await rm(temporary, { recursive: true, force: true })
  }
}, 60_000)

const kubectl = await run('kubectl', ['version', '--client']).then(
  () => test,
  () => test.skip,
)

kubectl(
  'are built by kustomize into what the API takes',
  async () => {
    const { stdout } = await run('kubectl', ['kustomize', join(folder, 'overlays/production')])
    const built = documentsOf(stdout)
    expect(built.length).toBe(base.length + 1)
    expect(await problemsOf(built)).toEqual([])
    const images = [...stdout.matchAll(/image: (\S+)/g)].map(([, image]) => image)
    expect(new Set(images)).toEqual(new Set([expect.stringMatching(/^registry\.example\/strangler@sha256:/)]))
  },
  60_000,
)

/** A main, and what of its own workspace and of the chassis says which variables there are. */
function sourcesOf(main: string): string {
  const workspace = main.slice(0, main.indexOf('/src/'))
  const own = readdirSync(join(root, workspace, 'src'), { recursive: true, encoding: 'utf8' })
    .filter(file => /(main|env)\.ts$/.test(file) || file.endsWith('start-failure.ts'))
    .map(file => join(root, workspace, 'src', file))
  const shared = ['messaging/broker-environment.ts', 'discovery/registry-environment.ts'].map(file =>
    join(root, 'extracted-services/chassis/src', file),
  )
  return [...own, ...(workspace.startsWith('extracted-services/') ? shared : [])]
    .map(file => readFileSync(file, 'utf8'))
    .join('\n')
}

/** The databases of the plans are named by the plan. */
function isRead(variable: string, sources: string): boolean {
  const stem = /^STRANGLER_(DB|APPLIER)_/.exec(variable)?.[0]
  return stem === undefined ? new RegExp(`\\b${variable}\\b`).test(sources) : sources.includes(stem)
}
