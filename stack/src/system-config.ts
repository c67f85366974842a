import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { configFile } from '@strangler/proxy/config/config-file.ts'
import { invalidConfig, parseConfig } from '@strangler/proxy/config/parse-config.ts'
import { parseDocument } from 'yaml'
import { freePorts } from './free-ports.ts'

/** Where each part of the sample listens; `mariadb` is always a free port. */
export type Ports = Record<
  'monolith' | 'customers' | 'facade' | 'rest' | 'proxy' | 'admin' | 'engine' | 'dashboard' | 'mariadb',
  number
>

const upstreams = ['monolith', 'customers', 'facade', 'rest'] as const
const front = { proxy: 8080, admin: 8081, engine: 8082, dashboard: 8083 }

/**
 * The ports that strangler.yaml names for the sample's parts, with 8080–8083 for proxy, admin API, engine and dashboard.
 * @throws ToolkitError CONFIG_UNREADABLE, CONFIG_INVALID with every problem, or with the upstream that is missing
 */
export async function configuredPorts(file: string): Promise<Ports> {
  const document = parseDocument(await readValid(file))
  const [mariadb] = await freePorts(1)
  const named = upstreams.map(name => {
    const url = document.getIn(['upstreams', name, 'url']) ?? document.getIn(['upstreams', name, 'urls', 0])
    if (typeof url !== 'string' || !URL.canParse(url))
      throw new ToolkitError('CONFIG_INVALID', `${file}: upstreams.${name} has no url`, {
        hint: `the sample needs upstreams ${upstreams.join(', ')}; see the file as it was first committed`,
      })
    return [name, Number(new URL(url).port)] as const
  })
  return { ...front, mariadb: mariadb!, ...Object.fromEntries(named) } as Ports
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
  const names = [...upstreams, 'proxy', 'admin', 'engine', 'dashboard', 'mariadb'] as const
  const free = await freePorts(names.length)
  const ports = Object.fromEntries(names.map((name, index) => [name, free[index]])) as Ports
  const document = parseDocument(await readValid(original))
  for (const name of upstreams)
    document.setIn(
      ['upstreams', name],
      document.createNode({ url: `http://127.0.0.1:${ports[name]}` }, { flow: true }),
    )
  const file = join(stateDir, 'strangler.yaml')
  await writeFile(file, document.toString())
  return { ports, file }
}
