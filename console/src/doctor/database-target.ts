import type { AccountRole } from './judge-grants.ts'

/** A database to look at, by the account that the toolkit would use. */
export type DatabaseTarget = { name: string; role: AccountRole; url: string }

/** The databases that settings name: STRANGLER_DATABASE_URL, STRANGLER_DB_<NAME>, STRANGLER_APPLIER_<NAME>. */
export function targetsOfSettings(settings: Readonly<Record<string, string>>): DatabaseTarget[] {
  const targets: DatabaseTarget[] = []
  for (const [name, url] of Object.entries(settings)) {
    const match = /^STRANGLER_(?:(DATABASE_URL)|(DB|APPLIER)_([A-Z0-9_]+))$/.exec(name)
    if (match === null || url === '') continue
    const [, control, kind, part = ''] = match
    const role: AccountRole = kind === 'APPLIER' ? 'applier' : 'toolkit'
    const called = control === undefined ? part.toLowerCase().replaceAll('_', '-') : 'control'
    targets.push({ name: role === 'applier' ? `${called} (applier)` : called, role, url })
  }
  return targets.sort((a, b) => a.name.localeCompare(b.name))
}

/**
 * The accounts of a system that `npm start` runs: its secrets and the address of its server.
 * They name no schema, so that only rights on the whole server are looked at.
 */
export function targetsOfRunning(secrets: unknown, mariadbUrl: string | undefined): DatabaseTarget[] {
  if (mariadbUrl === undefined || typeof secrets !== 'object' || secrets === null) return []
  const { strangler, applier } = secrets as Record<string, unknown>
  const withAccount = (user: string, password: string) => {
    const url = new URL(mariadbUrl)
    url.username = user
    url.password = password
    return url.href
  }
  return [
    ...(typeof strangler === 'string'
      ? [{ name: 'mariadb', role: 'toolkit' as const, url: withAccount('strangler', strangler) }]
      : []),
    ...(typeof applier === 'string'
      ? [
          {
            name: 'mariadb (applier)',
            role: 'applier' as const,
            url: withAccount('strangler_applier', applier),
          },
        ]
      : []),
  ]
}
