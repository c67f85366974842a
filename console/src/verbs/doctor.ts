import { type Command, InvalidArgumentError } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import type { DatabaseTarget } from '../doctor/database-target.ts'
import { examineSystem } from '../doctor/examine-system.ts'
import type { AccountRole } from '../doctor/judge-grants.ts'
import { findSystem } from '../operator/find-system.ts'
import { findingsTable } from '../render/findings-table.ts'
import { readSettings } from '../settings/read-settings.ts'
import { examples } from './examples.ts'
import { listOption, numberBetween } from './options.ts'

type DoctorOptions = GlobalOptions & {
  database: DatabaseTarget[]
  applier: DatabaseTarget[]
  tables: readonly string[]
  soakHours: number
}

/** `strangler doctor`: looks before anything is started, and at what runs. */
export function addDoctor(program: Command, cli: Cli): void {
  program
    .command('doctor')
    .description(
      'Look for what would stand in the way: servers, rights, ports, clocks, disk; and how to mend it.',
    )
    .option('--database <url>', 'a database by the account of the toolkit; repeatable', target('toolkit'), [])
    .option(
      '--applier <url>',
      'a database by the account that applies changes; repeatable',
      target('applier'),
      [],
    )
    .option('--tables <names>', 'tables that shall move, with commas between them', listOption, [])
    .option('--soak-hours <n>', 'how long a rollback must stay possible', numberBetween(1, 8_760), 24)
    .addHelpText(
      'after',
      examples(
        ['strangler doctor', 'what .env, strangler.yaml and system.yaml of this folder name, and what runs'],
        [
          'strangler doctor --database mysql://strangler:secret@db:3306/shop --tables CUST_MST,CUST_NOTE',
          'one server, before anything is written',
        ],
        ['strangler doctor --json | jq \'.findings[] | select(.level != "ok")\'', 'for other programs'],
      ),
    )
    .action(
      cli.answering(async (_options: unknown, command: Command) => {
        const { surroundings } = cli
        const options = command.optsWithGlobals<DoctorOptions>()
        const { state } = options
        const { stateDir } = await findSystem({ ...surroundings, state, admin: undefined })
        const findings = await examineSystem({
          folder: surroundings.cwd,
          stateDir,
          settings: await readSettings(surroundings.cwd, surroundings.env),
          databases: [...options.database, ...options.applier],
          tables: options.tables,
          soakSeconds: options.soakHours * 3_600,
          nodeVersion: surroundings.nodeVersion,
          now: surroundings.now,
        })
        const ok = findings.every(({ level }) => level !== 'problem')
        return {
          document: { ok, findings },
          exit: ok ? 0 : 1,
          text: paper => findingsTable(findings, paper),
        }
      }),
    )
}

function target(role: AccountRole) {
  return (text: string, before: DatabaseTarget[]): DatabaseTarget[] => {
    const url = URL.canParse(text) ? new URL(text) : undefined
    if (url === undefined || !/^(mysql|mariadb):$/.test(url.protocol) || url.hostname === '')
      throw new InvalidArgumentError('Give a URL such as mysql://user:password@host:3306/schema.')
    url.protocol = 'mysql:'
    const name = `${url.host}${url.pathname}${role === 'applier' ? ' (applier)' : ''}`
    return [...before, { name, role, url: url.href }]
  }
}
