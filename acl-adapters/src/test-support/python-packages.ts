import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const folder = join(import.meta.dirname, '..', '..', '..', '.strangler', 'python')

/** Peers that nobody here wrote, each at the version it was tried with. */
export const soapPeers = ['zeep==4.3.3', 'spyne==2.14.0', 'lxml>=5']

export type Python = { command: string; env: Record<string, string> }

/**
 * A Python that can import the packages: installed below `.strangler/python` the first time, offline afterwards.
 * @returns undefined where the machine has no Python with pip
 * @throws where pip cannot install them
 */
export async function pythonWith(packages: readonly string[]): Promise<Python | undefined> {
  const command = 'python3'
  let version: string
  try {
    version = (
      await run(command, ['-c', 'import pip, sys; print("%d.%d" % sys.version_info[:2])'])
    ).stdout.trim()
  } catch {
    return undefined
  }
  // Python 3.13 dropped `cgi`, which spyne imports.
  const wanted = [...packages, ...(Number(version.split('.')[1]) >= 13 ? ['legacy-cgi'] : [])]
  const hash = createHash('sha256').update(wanted.join()).digest('hex').slice(0, 12)
  const target = join(folder, `${version}-${hash}`)
  if (!existsSync(target)) await install(command, wanted, target)
  return { command, env: { PATH: process.env.PATH ?? '', PYTHONPATH: target, PYTHONDONTWRITEBYTECODE: '1' } }
}

/** Two test files may come here at the same time: each installs aside, the first to be done is kept. */
async function install(command: string, packages: readonly string[], target: string): Promise<void> {
  const aside = `${target}.${process.pid}`
  await mkdir(folder, { recursive: true })
  await run(command, ['-m', 'pip', 'install', '--quiet', '--target', aside, ...packages], {
    timeout: 300_000,
    maxBuffer: 10_000_000,
  })
  try {
    await rename(aside, target)
  } catch (error) {
    await rm(aside, { recursive: true, force: true })
    if (!existsSync(target)) throw error
  }
}
