import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { messageOf } from '@strangler/kit/toolkit-error.ts'
import { parse } from 'yaml'
import { recordOf } from '../render/json-fields.ts'
import { readSystemFile } from '../settings/system-file.ts'
import { type DatabaseTarget, targetsOfRunning, targetsOfSettings } from './database-target.ts'
import { examineDatabase } from './examine-database.ts'
import { examineDisk, examineFreePort, examineSecret, examineUpstream, judgeNode } from './examine-machine.ts'
import { examineProcess } from './examine-process.ts'
import { type Finding, findingsOf } from './finding.ts'

export type SystemExam = {
  folder: string
  /** `.strangler`, where one was found. */
  stateDir: string | undefined
  settings: Readonly<Record<string, string>>
  /** Named on the command line; when there are any, the settings' databases are left alone. */
  databases: readonly DatabaseTarget[]
  tables: readonly string[]
  soakSeconds: number
  nodeVersion: string
  now(): number
}

/** The machine, the files of the folder, what runs, and every database that is known of. */
export async function examineSystem(exam: SystemExam): Promise<Finding[]> {
  const { folder, stateDir, now } = exam
  const run = recordOf(await readJson(stateDir, 'run.json'))
  const processes = Object.entries(recordOf(run.processes)).map(([name, found]) => ({
    name,
    url: String(recordOf(found).adminUrl ?? recordOf(found).url),
  }))
  const mariadb = processes.find(({ url }) => url.startsWith('mysql:'))?.url
  const running = processes.filter(({ url }) => /^https?:/.test(url))
  const known = [
    ...targetsOfSettings(exam.settings),
    ...targetsOfRunning(await readJson(stateDir, 'secrets.json'), mariadb),
  ]
  const targets = exam.databases.length > 0 ? exam.databases : known
  return [
    judgeNode(exam.nodeVersion),
    await examineDisk(stateDir ?? folder),
    ...(await examineSecret(folder, '.env')),
    ...(stateDir === undefined ? [] : await examineSecret(stateDir, 'token')),
    ...(await examineFolder(folder, running.length > 0)),
    ...(await Promise.all(running.map(({ name, url }) => examineProcess(name, url, now)))).flat(),
    ...(
      await Promise.all(
        targets.map(target =>
          examineDatabase({
            target,
            soakSeconds: exam.soakSeconds,
            tables: target.name === 'legacy' || exam.databases.length > 0 ? exam.tables : [],
            now,
          }),
        ),
      )
    ).flat(),
    ...(targets.length > 0
      ? []
      : [
          findingsOf('databases').warning(
            'databases',
            'none is known of',
            'name one: --database mysql://user:password@host:port/schema, or in .env as STRANGLER_DB_<NAME>',
          ),
        ]),
  ]
}

/** The ports of system.yaml while nothing runs, and the upstreams of strangler.yaml. */
async function examineFolder(folder: string, isRunning: boolean): Promise<Finding[]> {
  const { problem } = findingsOf('system.yaml')
  const findings: Finding[] = []
  try {
    const system = isRunning ? undefined : await readSystemFile(folder)
    for (const [name, { host, port }] of Object.entries(system?.listen ?? {}))
      findings.push(await examineFreePort(name, host, port))
  } catch (error) {
    findings.push(problem('file', messageOf(error), 'correct it, or write it anew: strangler init --force'))
  }
  const text = await readFile(join(folder, 'strangler.yaml'), 'utf8').catch(() => undefined)
  return text === undefined ? findings : [...findings, ...(await examineUpstreams(text))]
}

async function examineUpstreams(text: string): Promise<Finding[]> {
  const { problem } = findingsOf('strangler.yaml')
  let upstreams: Record<string, unknown>
  try {
    upstreams = recordOf(recordOf(parse(text)).upstreams)
  } catch {
    return [problem('file', 'it is no YAML', 'npx strangler check names the line')]
  }
  const urls = Object.entries(upstreams).flatMap(([name, upstream]) => {
    const { url, urls } = recordOf(upstream)
    const all = Array.isArray(urls) ? urls : [url]
    return all.filter(one => typeof one === 'string' && URL.canParse(one)).map(one => [name, String(one)])
  })
  return Promise.all(urls.map(([name, url]) => examineUpstream(name!, url!)))
}

async function readJson(stateDir: string | undefined, name: string): Promise<unknown> {
  if (stateDir === undefined) return undefined
  try {
    return JSON.parse(await readFile(join(stateDir, name), 'utf8'))
  } catch {
    return undefined
  }
}
