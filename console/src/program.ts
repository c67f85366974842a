import { Command } from 'commander'
import type { Cli } from './cli.ts'
import { addAcl } from './verbs/acl.ts'
import { addAudit } from './verbs/audit.ts'
import { addCheck } from './verbs/check.ts'
import { addCompare } from './verbs/compare.ts'
import { addCompletion } from './verbs/completion.ts'
import { addConnector } from './verbs/connector.ts'
import { addCutover } from './verbs/cutover.ts'
import { addDoctor } from './verbs/doctor.ts'
import { addDrill } from './verbs/drill.ts'
import { examples } from './verbs/examples.ts'
import { addExceptions } from './verbs/exceptions.ts'
import { addInit } from './verbs/init.ts'
import { addLogs } from './verbs/logs.ts'
import { addParked } from './verbs/parked.ts'
import { addPlan } from './verbs/plan.ts'
import { addProxy } from './verbs/proxy.ts'
import { addRecord } from './verbs/record.ts'
import { addRollback } from './verbs/rollback.ts'
import { addRun } from './verbs/run.ts'
import { addStage } from './verbs/stage.ts'
import { addStatus } from './verbs/status.ts'
import { addTrace } from './verbs/trace.ts'
import { addUp } from './verbs/up.ts'
import { addVerify } from './verbs/verify.ts'
import { addWriters } from './verbs/writers.ts'

const widestHelp = 110

/** Every verb of `strangler`. Nothing is written and no process ends here but through `cli`. */
export function createProgram(cli: Cli): Command {
  const { stdout, stderr, version } = cli.surroundings
  const helpWidth = (output: typeof stdout) =>
    output.terminal ? Math.min(output.width, widestHelp) : widestHelp
  const program = new Command('strangler')
    .description('Move a SOAP monolith to services one capability at a time, and back at any moment.')
    .version(version)
    .option('--json', 'the result as one JSON document on stdout')
    .option('--state <dir>', 'state folder of the system (default: .strangler here or above)')
    .configureHelp({ showGlobalOptions: true })
    .configureOutput({
      writeOut: text => stdout.write(text),
      writeErr: text => stderr.write(text),
      outputError: () => {},
      getOutHelpWidth: () => helpWidth(stdout),
      getErrHelpWidth: () => helpWidth(stderr),
      getOutHasColors: () => stdout.coloured,
      getErrHasColors: () => stderr.coloured,
    })
    .exitOverride()
    .addHelpText(
      'after',
      `\nExit codes: 0 done, 1 failed, 2 bad usage or configuration, 3 refused, 4 divergence over the limit.${examples(
        [
          'strangler proxy --config strangler.yaml --listen 127.0.0.1:8080',
          'a proxy alone, in front of anything',
        ],
        ['strangler status', 'every capability at a glance'],
        ['strangler plan customers', 'the steps of a capability, and what would be refused'],
        ['strangler stage customers canary --percent 10 --reason "drill was clean"', 'move traffic'],
      )}`,
    )
  program.commandsGroup('Begin:')
  addInit(program, cli)
  addDoctor(program, cli)
  addUp(program, cli)
  program.commandsGroup('A proxy and its file:')
  addProxy(program, cli)
  addCheck(program, cli)
  addAcl(program, cli)
  program.commandsGroup('Look:')
  addStatus(program, cli)
  addPlan(program, cli)
  addCompare(program, cli)
  addRecord(program, cli)
  addVerify(program, cli)
  addWriters(program, cli)
  addAudit(program, cli)
  addLogs(program, cli)
  addTrace(program, cli)
  addExceptions(program, cli)
  program.commandsGroup('Act:')
  addStage(program, cli)
  addRun(program, cli)
  addCutover(program, cli)
  addRollback(program, cli)
  addDrill(program, cli)
  addParked(program, cli)
  addConnector(program, cli)
  program.commandsGroup('Help:')
  addCompletion(program, cli)
  program.helpCommand('help [verb]', 'help for a verb')
  return program
}
