import { stat, statfs } from 'node:fs/promises'
import { createConnection, createServer } from 'node:net'
import { join } from 'node:path'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { type Finding, findingsOf } from './finding.ts'

const machine = findingsOf('machine')
const neededNode = 24
const mebibyte = 1024 * 1024
const reachWithinMs = 2_000

/** @param version of this process, such as `v24.11.0` */
export function judgeNode(version: string): Finding {
  const major = Number(/^v?(\d+)/.exec(version)?.[1])
  return major >= neededNode
    ? machine.ok('node', version)
    : machine.problem(
        'node',
        `${version} is older than ${neededNode}`,
        'npm ci in the repository brings it along',
      )
}

/** Room for what is written in that folder: logs, reports, recordings, an embedded database. */
export async function examineDisk(folder: string): Promise<Finding> {
  try {
    const { bavail, bsize } = await statfs(folder)
    return judgeDisk(folder, (bavail * bsize) / mebibyte)
  } catch (error) {
    return machine.problem('disk', `${folder}: ${messageOf(error)}`, 'name a folder that can be read')
  }
}

export function judgeDisk(folder: string, freeMebibytes: number): Finding {
  const free = `${Math.floor(freeMebibytes)} MiB free in ${folder}`
  const fix = 'make room there, or move the folder: --state DIR'
  if (freeMebibytes < 256) return machine.problem('disk', `${free}: a database would soon stop`, fix)
  if (freeMebibytes < 2_048) return machine.warning('disk', `${free}: little for binlogs and reports`, fix)
  return machine.ok('disk', free)
}

/** A file with secrets that others may read is a problem; one that is missing is none. */
export async function examineSecret(folder: string, name: string): Promise<Finding[]> {
  const path = join(folder, name)
  const found = await stat(path).catch(() => undefined)
  if (found === undefined) return []
  const mode = (found.mode & 0o777).toString(8).padStart(3, '0')
  return [
    (found.mode & 0o077) === 0
      ? machine.ok(name, `mode ${mode}: only its owner reads it`)
      : machine.problem(name, `mode ${mode}: others can read the secrets in it`, `chmod 600 ${path}`),
  ]
}

/** Whether a port can be taken, before something is started that wants it. */
export async function examineFreePort(name: string, host: string, port: number): Promise<Finding> {
  const server = createServer()
  const code = await new Promise<string | undefined>(resolve => {
    server.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
    server.listen(port, host, () => server.close(() => resolve(undefined)))
  })
  return code === undefined
    ? machine.ok(`port ${port}`, `free for ${name}`)
    : machine.problem(
        `port ${port}`,
        `${host}:${port} for ${name}: ${code}`,
        `stop what listens there (ss -ltnp 'sport = :${port}'), or give ${name} another port`,
      )
}

/** Whether somebody listens where requests are to be sent. */
export async function examineUpstream(name: string, url: string): Promise<Finding> {
  const { ok, warning } = findingsOf('strangler.yaml')
  const { hostname, port, protocol } = new URL(url)
  const host = hostname.replace(/^\[|\]$/g, '')
  const socket = createConnection({ host, port: Number(port) || (protocol === 'https:' ? 443 : 80) })
  const failure = await new Promise<string | undefined>(resolve => {
    socket.setTimeout(reachWithinMs, () => resolve('no answer in 2 s'))
    socket.on('connect', () => resolve(undefined))
    socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? error.message))
  })
  socket.destroy()
  return failure === undefined
    ? ok(`upstream ${name}`, `${url} listens`)
    : warning(`upstream ${name}`, `${url}: ${failure}`, `start it, or correct upstreams.${name}`)
}
