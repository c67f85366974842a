import { join } from 'node:path'
import type { Programs } from '../cli.ts'
import { type OwnProcess, type SystemFile, urlOf } from '../settings/system-file.ts'
import type { ChildSpec } from './child-process.ts'

export type UpFrom = {
  folder: string
  stateDir: string
  system: SystemFile
  /** `.env` with the environment above it. */
  settings: Readonly<Record<string, string>>
  token: string
  programs: Programs
  hasPlans: boolean
  /** The JSON file of the portal's menu, where the folder has one. */
  portal: string | undefined
}

/** Everything that is started, in order: one's own processes, then proxy, engine where there is a plan, dashboard. */
export function childSpecs(from: UpFrom): ChildSpec[] {
  const { folder, system, settings, token, programs, stateDir } = from
  const { listen } = system
  const base = { ...settings, STRANGLER_TOKEN: token }
  /** Who needs no database does not get to know one. */
  const withoutDatabases = without(base, /^STRANGLER_(DB|APPLIER)_|DATABASE_URL$/)
  const spec = (
    name: string,
    command: readonly string[],
    env: Record<string, string>,
    url?: string,
    from: Record<string, string> = withoutDatabases,
  ): ChildSpec => ({
    name,
    command,
    cwd: folder,
    env: { ...from, ...env },
    url,
    logFile: join(stateDir, 'logs', `${name}.log`),
  })
  // What is the toolkit's is not the service's: neither its token nor its accounts.
  const own = (one: OwnProcess) =>
    spec(one.name, commandOf(one, programs), one.env, one.url, without(settings, /^STRANGLER_/))
  const typed = (main: string) => [programs.node, '--disable-warning=ExperimentalWarning', main]
  const hostPort = ({ host, port }: SystemFile['listen']['proxy']) => ({ HOST: host, PORT: String(port) })
  const operatorUrl = from.hasPlans ? { STRANGLER_OPERATOR_URL: urlOf(listen.engine) } : {}
  const proxy = spec(
    'proxy',
    [
      ...typed(programs.proxy),
      'proxy',
      '--config',
      'strangler.yaml',
      '--listen',
      new URL(urlOf(listen.proxy)).host,
      '--admin',
      new URL(urlOf(listen.admin)).host,
    ],
    operatorUrl,
  )
  if (!from.hasPlans) return [...system.processes.map(own), proxy]
  const engine = spec(
    'engine',
    typed(programs.engine),
    {
      ...hostPort(listen.engine),
      STRANGLER_PLANS: 'plans',
      STRANGLER_PROXIES: urlOf(listen.admin),
      STRANGLER_ENTRY_URL: urlOf(listen.proxy),
      STRANGLER_REPORTS: join(stateDir, 'reports'),
    },
    undefined,
    base,
  )
  const dashboard = spec('dashboard', typed(programs.dashboard), {
    ...hostPort(listen.dashboard),
    ...operatorUrl,
    STRANGLER_PROXIES: urlOf(listen.admin),
    ...(from.portal === undefined ? {} : { STRANGLER_PORTAL: from.portal }),
  })
  return [...system.processes.map(own), proxy, engine, dashboard]
}

/** `node` and `strangler` are those that run us. */
function commandOf({ run }: OwnProcess, { node, strangler }: Programs): string[] {
  const [first = '', ...rest] = run
  if (first === 'node') return [node, ...rest]
  if (first === 'strangler') return [node, '--disable-warning=ExperimentalWarning', strangler, ...rest]
  return [first, ...rest]
}

function without(settings: Readonly<Record<string, string>>, names: RegExp): Record<string, string> {
  return Object.fromEntries(Object.entries(settings).filter(([name]) => !names.test(name)))
}
