import { randomBytes } from 'node:crypto'
import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** One password per database account, the operator's token and that of the registry. They live in one file that only its owner reads. */
export type Secrets = Record<(typeof names)[number], string>

const names = [
  'root',
  'monolith',
  'nightly',
  'customers',
  'catalog',
  'orders',
  'strangler',
  'applier',
  'token',
  'registry',
  'viewer',
] as const

/**
 * The secrets of this state folder, made on first use. `token` stands in a file of its own too, since the CLI reads it,
 * and so does `viewer`, to be given to those who look only.
 */
export async function loadSecrets(stateDir: string): Promise<Secrets> {
  await mkdir(stateDir, { recursive: true, mode: 0o700 })
  const path = join(stateDir, 'secrets.json')
  const known = await readSecrets(path)
  const secrets = Object.fromEntries(
    names.map(name => [name, known[name] ?? randomBytes(18).toString('hex')]),
  ) as Secrets
  await writeFile(path, `${JSON.stringify(secrets, null, 2)}\n`, { mode: 0o600 })
  await writeFile(join(stateDir, 'token'), `${secrets.token}\n`, { mode: 0o600 })
  await writeFile(join(stateDir, 'viewer-token'), `${secrets.viewer}\n`, { mode: 0o600 })
  return secrets
}

async function readSecrets(path: string): Promise<Partial<Secrets>> {
  try {
    return JSON.parse(await readFile(path, 'utf8')) as Partial<Secrets>
  } catch {
    return {}
  }
}
