import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { type Command, Option } from 'commander'
import type { Answer, Cli, GlobalOptions } from '../cli.ts'
import { type Json, recordsOf, textOf } from '../render/json-fields.ts'
import { examples } from './examples.ts'
import { capabilityName } from './options.ts'

type ConnectorOptions = GlobalOptions & {
  side?: string
  kafka: string
  connect?: string
  validate?: true
  apply?: true
}

/** `strangler connector CAPABILITY`: how its changes come through Kafka, made of the plan. */
export function addConnector(program: Command, cli: Cli): void {
  program
    .command('connector')
    .description('The Debezium connectors of a capability, made of its plan: show, validate or apply them.')
    .argument('<capability>', 'a capability with a plan', capabilityName)
    .addOption(new Option('--side <side>', 'of this side only').choices(['legacy', 'extracted']))
    .option('--kafka <host:port>', "Kafka, as Connect's workers reach it", 'kafka:9092')
    .option('--connect <url>', 'Kafka Connect: --validate asks the connector itself; --apply needs it')
    .addOption(
      new Option('--validate', 'find what is wrong with them; exit 1 if something is').conflicts('apply'),
    )
    .option('--apply', 'create or update them, and wait until they run')
    .addHelpText(
      'after',
      examples(
        ['strangler connector customers', 'the configurations; passwords are read by Connect, never written'],
        ['strangler connector customers --validate', 'check them offline'],
        ['strangler connector customers --apply --connect http://127.0.0.1:8083', 'create or update them'],
      ),
    )
    .action(
      cli.answering(async (capability: string, _options: unknown, command: Command) => {
        const { side, kafka, connect, validate, apply, ...options } =
          command.optsWithGlobals<ConnectorOptions>()
        if (apply === true && connect === undefined)
          throw new ToolkitError('USAGE_CONNECT', '--apply needs --connect URL of Kafka Connect', {})
        const engine = await cli.engine(options, 'connector')
        const described = await engine.connectors(capability, kafka)
        const connectors = recordsOf(described.connectors).filter(
          one => side === undefined || one.side === side,
        )
        if (validate !== true && apply !== true)
          return {
            document: { capability, connectors },
            exit: 0,
            text: () =>
              connectors.map(({ name, config }) => `${JSON.stringify({ name, config }, null, 2)}\n`).join(''),
          }
        const verb = apply === true ? 'apply' : connect === undefined ? 'check' : 'validate'
        return hand(cli, connectors, verb, connect)
      }),
    )
}

/** Hands each to debezium-connector-config, which reads files. */
async function hand(
  cli: Cli,
  connectors: readonly Json[],
  verb: string,
  connect: string | undefined,
): Promise<Answer> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-connector-'))
  try {
    const results: { name: string; exit: number; said: string }[] = []
    for (const { name, config } of connectors) {
      const file = join(folder, `${textOf(name)}.json`)
      await writeFile(file, JSON.stringify({ name, config }), { mode: 0o600 })
      const where = connect === undefined ? [] : ['--connect', connect]
      const { exit, stdout, stderr } = await cli.surroundings.ask('connector', [verb, file, ...where])
      results.push({
        name: textOf(name),
        exit,
        said: `${stdout}${stderr}`.replaceAll(`${folder}/`, '').trim(),
      })
    }
    const ok = results.every(({ exit }) => exit === 0)
    return {
      document: { ok, verb, connectors: results },
      exit: ok ? 0 : 1,
      text: ({ paint }) =>
        results
          .map(
            ({ name, exit, said }) => `${exit === 0 ? paint.green('✓') : paint.red('✗')} ${name}\n${said}\n`,
          )
          .join(''),
    }
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
