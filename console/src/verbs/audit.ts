import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { auditTable } from '../render/audit-table.ts'
import { isRecord, recordOf } from '../render/json-fields.ts'
import { examples } from './examples.ts'
import { numberBetween } from './options.ts'

type AuditOptions = GlobalOptions & { limit: number; verify?: true }

export function addAudit(program: Command, cli: Cli): void {
  program
    .command('audit')
    .description('Who did what, when and why.')
    .option('--limit <n>', 'how many entries, the latest ones', numberBetween(1, 10_000, true), 50)
    .option('--verify', 'check that no entry was changed, removed or put in; exit 1 if one was')
    .addHelpText(
      'after',
      examples(
        ['strangler audit --limit 20', 'the latest 20 entries'],
        ['strangler audit --verify', 'and whether the log is as it was written'],
      ),
    )
    .action(
      cli.answering(async (_options: unknown, command: Command) => {
        const { limit, verify, ...options } = command.optsWithGlobals<AuditOptions>()
        const engine = await cli.engine(options, 'audit')
        const audit = await engine.audit(limit, verify === true)
        return {
          document: audit,
          exit: verify === true && !isWhole(audit) ? 1 : 0,
          text: paper => auditTable(audit, paper),
        }
      }),
    )
}

/** @throws ToolkitError AUDIT_UNVERIFIED when the engine does not say: silence is no proof */
function isWhole(audit: unknown): boolean {
  const { chain } = recordOf(audit)
  if (isRecord(chain)) return chain.ok === true
  throw new ToolkitError('AUDIT_UNVERIFIED', 'the engine does not say whether the audit log is whole', {
    hint: 'it is older than this command line: start the system again with npm start',
  })
}
