import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { expect, test } from '@jest/globals'
import { parse } from 'yaml'

const root = dirname(dirname(import.meta.dirname))
const read = (path: string) => readFileSync(join(root, path), 'utf8')

type Service = {
  image?: string
  build?: string
  command?: string[]
  profiles?: string[]
  environment?: Record<string, string>
  volumes?: string[]
  ports?: string[]
  healthcheck?: { test: string[] }
  depends_on?: Record<string, { condition: string; required?: boolean }>
}
const compose = parse(read('docker-compose.yml'), { merge: true }) as {
  services: Record<string, Service>
  volumes: Record<string, null>
}
const services = Object.entries(compose.services)
/** Those that run our own code. */
const own = services.filter(([, { build }]) => build !== undefined)
const mainOf = ({ command }: Service) => command?.find(word => /^[a-z].*-?main\.ts$/.test(word))

/** The main's folder and every other of its workspace: variables are read where they are needed. */
function sourcesOf(main: string): string {
  const workspace = main.slice(0, main.indexOf('/src/'))
  const parts = [
    workspace,
    'kit',
    ...(workspace.startsWith('extracted-services') ? ['extracted-services/chassis'] : []),
  ]
  return parts.flatMap(part => filesBelow(join(part, 'src')).map(read)).join('\n')
}

function filesBelow(folder: string): string[] {
  const { readdirSync } = process.getBuiltinModule('node:fs')
  return readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
    .filter(file => file.endsWith('.ts'))
    .map(file => join(folder, file))
}

test('each of our processes names a main that is there, and tells when it is healthy', () => {
  expect(own.length).toBeGreaterThan(9)
  for (const [name, service] of own) {
    if (name === 'routes') continue
    const main = mainOf(service)
    expect([name, main !== undefined && existsSync(join(root, main))]).toEqual([name, true])
    if (name !== 'shop-install')
      expect([name, service.healthcheck?.test.slice(0, 3)]).toEqual([
        name,
        ['CMD', 'node', 'compose/healthy.ts'],
      ])
  }
})

test('a process is asked for its health at the port that it is given', () => {
  for (const [name, { healthcheck, environment = {}, command = [] }] of own) {
    const url = healthcheck?.test[3]
    if (url === undefined) continue
    const given = [
      ...Object.entries(environment)
        .filter(([key]) => /PORT$/.test(key))
        .map(([, value]) => value),
      ...command.flatMap(word => /:(\d+)$/.exec(word)?.[1] ?? []),
    ]
    expect([name, given]).toEqual([name, expect.arrayContaining([new URL(url).port])])
  }
})

test('a process is given no variable that it does not read', () => {
  const general = new Set(['NODE_OPTIONS', 'HOST'])
  for (const [name, service] of own) {
    const main = mainOf(service)
    if (main === undefined) continue
    const source = sourcesOf(main)
    // an engine reads STRANGLER_DB_<NAME> by the databases of its plans
    const isRead = (variable: string) =>
      general.has(variable) ||
      source.includes(variable) ||
      (name === 'engine' && /^STRANGLER_(DB|APPLIER)_[A-Z]+$/.test(variable))
    expect([name, Object.keys(service.environment ?? {}).filter(variable => !isRead(variable))]).toEqual([
      name,
      [],
    ])
  }
})

test('the engine is given every database that a plan names, and Connect its password', () => {
  const plans = filesBelow('migrations/plans').map(read)
  const names = new Set(
    plans.flatMap(plan => /databases: \{ legacy: '(\w+)', extracted: '(\w+)' \}/.exec(plan)?.slice(1) ?? []),
  )
  expect(names.size).toBeGreaterThan(1)
  for (const name of [...names].map(each => each.toUpperCase())) {
    expect(compose.services.engine!.environment).toHaveProperty(`STRANGLER_DB_${name}`)
    expect(compose.services.engine!.environment).toHaveProperty(`STRANGLER_APPLIER_${name}`)
    expect(compose.services.connect!.environment).toHaveProperty(`STRANGLER_DB_${name}_PASSWORD`)
  }
})

test('no secret is written down: each comes from the environment', () => {
  for (const [name, { environment = {} }] of services)
    for (const [variable, value] of Object.entries(environment)) {
      if (/PASSWORD|TOKEN/.test(variable) && !/ALLOWLIST/.test(variable))
        expect([name, variable, value]).toEqual([
          name,
          variable,
          expect.stringMatching(/^\$\{[A-Z_]+(:[?-][^}]*)?\}$/),
        ])
      if (value.startsWith('mysql://'))
        expect(value).toMatch(/^mysql:\/\/\w+:\$\{[A-Z_]+\}@[\w-]+:3306\/\w+$/)
    }
  for (const { ports = [] } of Object.values(compose.services))
    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:/)
})

test('what a service waits for, mounts or calls is there', () => {
  for (const [name, service] of services) {
    for (const [other, { condition, required }] of Object.entries(service.depends_on ?? {})) {
      const waited = compose.services[other]
      expect([name, other, waited !== undefined]).toEqual([name, other, true])
      if (condition === 'service_healthy')
        expect([other, waited?.healthcheck !== undefined]).toEqual([other, true])
      // a service of a profile that is off must not keep the others from starting
      if (waited?.profiles !== undefined && service.profiles === undefined)
        expect([name, required]).toEqual([name, false])
    }
    for (const volume of service.volumes ?? []) {
      const [from = ''] = volume.split(':')
      expect([
        name,
        volume,
        from.startsWith('.') ? existsSync(join(root, from)) : from in compose.volumes,
      ]).toEqual([name, volume, true])
    }
    for (const value of Object.values(service.environment ?? {})) {
      const host = /^(?:https?|mysql):\/\/(?:[^@/]*@)?([\w-]+):/.exec(value)?.[1]
      if (host !== undefined) expect([name, host, host in compose.services]).toEqual([name, host, true])
    }
  }
})

test('both profiles say where changes and messages come from', () => {
  for (const [profile, source, messaging] of [
    ['embedded-like', 'binlog', 'embedded'],
    ['full', 'debezium', 'kafka'],
  ])
    expect(read(`compose/${profile}.env`).split('\n')).toEqual(
      expect.arrayContaining([
        `COMPOSE_PROFILES=${profile}`,
        `STRANGLER_CHANGE_SOURCE=${source}`,
        `MESSAGING=${messaging}`,
      ]),
    )
})

test("every address of strangler.yaml's upstreams is one of this network after routes.sh", () => {
  const rules = [...read('compose/routes.sh').matchAll(/-e 's#(.+?)#(.+?)#'/g)].map(
    ([, from = '', to = '']) => ({
      from: new RegExp(from),
      to,
    }),
  )
  const yaml = rules.reduce((text, { from, to }) => text.replace(from, to), read('strangler.yaml'))
  const { upstreams } = parse(yaml) as { upstreams: Record<string, { url?: string; urls?: string[] }> }
  for (const [name, { url, urls = [] }] of Object.entries(upstreams))
    for (const address of url === undefined ? urls : [url]) {
      const { hostname, port } = new URL(address)
      const service = compose.services[hostname]
      expect([name, address, service !== undefined]).toEqual([name, address, true])
      expect([name, Object.values(service?.environment ?? {})]).toEqual([
        name,
        expect.arrayContaining([port]),
      ])
    }
})
