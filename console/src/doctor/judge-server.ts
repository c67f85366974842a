import { type Finding, findingsOf } from './finding.ts'

export type ServerFacts = {
  /** As `SELECT VERSION()` prints it. */
  version: string
  /** Global variables by name; what the server does not know is missing. */
  variables: Readonly<Record<string, string>>
}

type Wanted = { name: string; value: string; why: string; restart?: true }

const common: readonly Wanted[] = [
  { name: 'log_bin', value: 'ON', why: 'without a binlog there is nothing to stream', restart: true },
  { name: 'binlog_format', value: 'ROW', why: 'statements do not tell which rows they changed' },
  { name: 'binlog_row_image', value: 'FULL', why: 'partial rows would read as NULL' },
  { name: 'binlog_row_metadata', value: 'FULL', why: 'the binlog must carry the names of columns' },
  {
    name: 'log_bin_trust_function_creators',
    value: 'ON',
    why: 'the fence creates triggers without the right SUPER',
  },
]
const mariadb: readonly Wanted[] = [
  ...common,
  {
    name: 'gtid_strict_mode',
    value: 'ON',
    why: 'positions compare only where sequence numbers never go back',
  },
]

const oldest = [10, 5] as const
const smallestPacket = 16 * 1024 * 1024

/** Whether a server can be synced from and fenced, with what to set where it can't. @param soakSeconds how long a rollback must stay possible */
export function judgeServer(
  subject: string,
  { version, variables }: ServerFacts,
  soakSeconds: number,
): Finding[] {
  const { ok, problem } = findingsOf(subject)
  const isMariadb = /mariadb/i.test(version)
  const [major = 0, minor = 0] = version.split('.').map(Number)
  const findings: Finding[] = []
  if (!isMariadb)
    findings.push(
      problem(
        'version',
        `version ${version} is no MariaDB: the embedded sync compares positions by MariaDB's GTIDs`,
        'stream from it through Debezium (compose/), or use MariaDB 10.5 or later',
      ),
    )
  else if (major < oldest[0] || (major === oldest[0] && minor < oldest[1]))
    findings.push(
      problem('version', `MariaDB ${version} is older than 10.5`, 'upgrade to MariaDB 10.5 or later'),
    )
  else findings.push(ok('version', `MariaDB ${version}`))
  for (const wanted of isMariadb ? mariadb : common) findings.push(judgeVariable(subject, wanted, variables))
  return [
    ...findings,
    judgeServerId(subject, variables),
    judgeRetention(subject, variables, soakSeconds),
    judgePacket(subject, variables),
  ]
}

function judgeVariable(
  subject: string,
  { name, value, why, restart }: Wanted,
  variables: Readonly<Record<string, string>>,
): Finding {
  const { ok, problem } = findingsOf(subject)
  const found = variables[name]
  if (found?.toUpperCase() === value) return ok(name, value)
  const line = name === 'log_bin' ? 'log_bin = binlog' : `${name} = ${value}`
  const now = restart === true ? ', then restart the server' : `, and now: SET GLOBAL ${name} = '${value}'`
  return problem(
    name,
    `${found ?? 'unknown to this server'}, must be ${value}: ${why}`,
    `in my.cnf under [mysqld]: ${line}${now}`,
  )
}

function judgeServerId(subject: string, { server_id: id }: Readonly<Record<string, string>>): Finding {
  const { ok, problem } = findingsOf(subject)
  return id === undefined || id === '0'
    ? problem(
        'server_id',
        'not set: nothing may replicate from a server without an id',
        'in my.cnf under [mysqld]: server_id = 1 (another one on each server), then restart the server',
      )
    : ok('server_id', id)
}

function judgeRetention(
  subject: string,
  variables: Readonly<Record<string, string>>,
  soakSeconds: number,
): Finding {
  const { ok, problem } = findingsOf(subject)
  const name = 'binlog_expire_logs_seconds'
  const kept = Number(variables[name] ?? Number(variables.expire_logs_days ?? 0) * 86_400)
  if (kept === 0) return ok(name, '0: kept until somebody purges it')
  return kept >= soakSeconds
    ? ok(name, `kept for ${kept} s`)
    : problem(
        name,
        `kept for ${kept} s < ${soakSeconds} s of soak: a rollback could find it gone`,
        `in my.cnf under [mysqld]: ${name} = ${soakSeconds}, and now: SET GLOBAL ${name} = ${soakSeconds}`,
      )
}

function judgePacket(subject: string, variables: Readonly<Record<string, string>>): Finding {
  const { ok, warning } = findingsOf(subject)
  const name = 'max_allowed_packet'
  const bytes = Number(variables[name] ?? 0)
  return bytes >= smallestPacket
    ? ok(name, `${bytes} bytes`)
    : warning(
        name,
        `${bytes} bytes: a batch of wide rows may not fit`,
        `in my.cnf under [mysqld]: ${name} = 64M, and now: SET GLOBAL ${name} = ${4 * smallestPacket}`,
      )
}
