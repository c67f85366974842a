import { readFile, stat } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { isRecord, type Json, recordOf } from '../render/json-fields.ts'

/** Where a running system is reached, and the token it wants; a part that does not run is undefined. */
export type FoundSystem = {
  stateDir: string | undefined
  engineUrl: string | undefined
  proxyUrl: string | undefined
  token: string | undefined
}

export type Whereabouts = {
  /** `--state DIR`, if it was given. */
  state: string | undefined
  /** `--admin URL`, if it was given: the admin API of a proxy that runs alone. */
  admin: string | undefined
  cwd: string
  /** The user's id, undefined where the system has none. */
  uid: number | undefined
  /** STRANGLER_TOKEN, if set; stands above the state folder's token. */
  token: string | undefined
}

/**
 * Reads run.json and token of the state folder: the one named, or the nearest `.strangler` upwards from `cwd`.
 * @throws ToolkitError USAGE_URL, RUN_FILE_UNREADABLE, STATE_NOT_YOURS
 */
export async function findSystem(whereabouts: Whereabouts): Promise<FoundSystem> {
  const { state, admin, cwd } = whereabouts
  const stateDir = state === undefined ? await nearestStateDir(cwd) : resolve(cwd, state)
  if (state === undefined && stateDir !== undefined) await refuseForeign(stateDir, whereabouts.uid)
  const processes = stateDir === undefined || admin !== undefined ? {} : await readProcesses(stateDir)
  return {
    stateDir,
    engineUrl: addressOf(recordOf(processes.engine).url),
    proxyUrl: admin === undefined ? addressOf(recordOf(processes.proxy).adminUrl) : adminAddress(admin),
    token: whereabouts.token ?? (await readToken(stateDir)),
  }
}

async function nearestStateDir(from: string): Promise<string | undefined> {
  for (let folder = from; ; folder = dirname(folder)) {
    const candidate = join(folder, '.strangler')
    const found = await stat(candidate).catch(() => undefined)
    if (found?.isDirectory() === true) return candidate
    if (dirname(folder) === folder) return undefined
  }
}

/** A folder that somebody else put above ours (in /tmp, say) must not learn our token by naming its own engine. */
async function refuseForeign(stateDir: string, uid: number | undefined): Promise<void> {
  const owner = (await stat(stateDir)).uid
  if (uid === undefined || owner === uid || owner === 0) return
  throw new ToolkitError('STATE_NOT_YOURS', `${stateDir} belongs to another user (uid ${owner})`, {
    details: { stateDir, owner },
    hint: `if you trust it, name it: --state ${stateDir}`,
  })
}

async function readProcesses(stateDir: string): Promise<Json> {
  const path = join(stateDir, 'run.json')
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT' || error.code === 'ENOTDIR') return undefined
    throw unreadable(path, error.message)
  })
  if (text === undefined) return {}
  try {
    const run: unknown = JSON.parse(text)
    if (isRecord(run) && isRecord(run.processes)) return run.processes
  } catch {}
  throw unreadable(path, 'it is not the JSON that npm start writes')
}

function unreadable(path: string, why: string): ToolkitError {
  return new ToolkitError('RUN_FILE_UNREADABLE', `${path} can't be read: ${why}`, {
    hint: 'stop the system if it runs, remove the file, and start again with: npm start',
  })
}

async function readToken(stateDir: string | undefined): Promise<string | undefined> {
  if (stateDir === undefined) return undefined
  const text = await readFile(join(stateDir, 'token'), 'utf8').catch(() => '')
  return text.trim() === '' ? undefined : text.trim()
}

function addressOf(value: unknown): string | undefined {
  return typeof value === 'string' && isHttp(value) ? value.replace(/\/+$/, '') : undefined
}

function adminAddress(url: string): string {
  const address = addressOf(url)
  if (address !== undefined) return address
  throw new ToolkitError('USAGE_URL', `--admin ${url} is not an http URL`, {
    hint: 'give the address that the proxy printed as adminUrl, such as http://127.0.0.1:8081',
  })
}

function isHttp(url: string): boolean {
  return URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)
}
