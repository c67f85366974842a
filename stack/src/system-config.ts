import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { configFile } from '@strangler/proxy/config/config-file.ts'
import { invalidConfig, parseConfig } from '@strangler/proxy/config/parse-config.ts'
import { isSeq, parseDocument } from 'yaml'
import { freePorts } from './free-ports.ts'

/** Upstreams of strangler.yaml and the ports that answer for them. */
const upstreams = {
  monolith: ['monolith'],
  customers: ['customers'],
  orders: ['orders'],
  facade: ['facade'],
  rest: ['rest'],
} as const
/** What no upstream names, or by a service that registers itself. */
const others = {
  catalog: 9401,
  catalog2: 9402,
  proxy: 8080,
  admin: 8081,
  engine: 8082,
  dashboard: 8083,
  catalogGrpc: 9411,
  catalogGrpc2: 9412,
  storefront: 9501,
}

type UpstreamPort = (typeof upstreams)[keyof typeof upstreams][number]

/** Where each part of the sample listens; `mariadb` is always a free port. */
export type Ports = Record<UpstreamPort | keyof typeof others | 'mariadb', number>

/**
 * The ports that strangler.yaml names for the sample's parts, with fixed ones for what it does not name.
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID with every problem, or with the upstream that is missing
 */
export async function configuredPorts(file: string): Promise<Ports> {
  const document = parseDocument(await readValid(file))
  const [mariadb] = await freePorts(1)
  const named = Object.entries(upstreams).flatMap(([name, ports]) => {
    const urls = [
      document.getIn(['upstreams', name, 'url']),
      document.getIn(['upstreams', name, 'urls'], true),
    ]
      .flatMap(found => (isSeq(found) ? (found.toJSON() as unknown[]) : [found]))
      .filter((url): url is string => typeof url === 'string' && URL.canParse(url))
    if (urls.length < ports.length)
      throw new ToolkitError(
        'CONFIG_INVALID',
        `${file}: upstreams.${name} has ${urls.length} of ${ports.length} urls`,
        {
          hint: `the sample needs upstreams ${Object.keys(upstreams).join(', ')}; see the file as it was first committed`,
        },
      )
    return ports.map((port, index) => [port, Number(new URL(urls[index]!).port)] as const)
  })
  return { ...others, mariadb: mariadb!, ...Object.fromEntries(named) } as Ports
}

/** The file's text, refused before anything starts when the proxy would refuse it. */
async function readValid(path: string): Promise<string> {
  const text = await configFile(path).read()
  const { problems } = parseConfig(text)
  if (problems.length > 0) throw invalidConfig(path, problems)
  return text
}

/** Free ports for a system of its own, and a copy of strangler.yaml in `stateDir` that names them. */
export async function copyConfigWithFreePorts(
  original: string,
  stateDir: string,
): Promise<{ ports: Ports; file: string }> {
  const names = [...Object.values(upstreams).flat(), ...Object.keys(others), 'mariadb']
  const free = await freePorts(names.length)
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index]])) as Ports
  const document = parseDocument(await readValid(original))
  for (const [name, parts] of Object.entries(upstreams)) {
    const urls = parts.map(part => `http://127.0.0.1:${ports[part]}`)
    const value = urls.length === 1 ? { url: urls[0] } : { urls }
    document.setIn(['upstreams', name], document.createNode(value, { flow: true }))
  }
  const file = join(stateDir, 'strangler.yaml')
  await writeFile(file, document.toString())
  return { ports, file }
}
