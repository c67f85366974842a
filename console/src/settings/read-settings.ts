import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseEnvFile } from './parse-env-file.ts'

/** What a folder's `.env` says, with the environment above it. A folder without one has the environment alone. */
export async function readSettings(
  folder: string,
  env: Readonly<Record<string, string | undefined>>,
): Promise<Record<string, string>> {
  const text = await readFile(join(folder, '.env'), 'utf8').catch(() => '')
  const given = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...parseEnvFile(text), ...Object.fromEntries(given) }
}
