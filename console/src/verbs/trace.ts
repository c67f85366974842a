import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { latestLines, readLogs } from '../logs/read-logs.ts'
import { orderSpans, spansOf } from '../logs/trace-tree.ts'
import { waterfall } from '../render/waterfall.ts'
import { examples } from './examples.ts'
import { stateDirOf, traceOption } from './logs.ts'

const mostLines = 20_000

export function addTrace(program: Command, cli: Cli): void {
  program
    .command('trace')
    .description('One trace as a waterfall, through every process that it passed.')
    .argument('<id>', 'the trace id, or the first part of it', traceOption)
    .addHelpText(
      'after',
      examples(
        ['strangler trace 4bf92f3577b34da6a3ce929d0e0e4736', 'from the request to the last event'],
        ['strangler trace 4bf92f35', 'as much of the id as tells it from others'],
      ),
    )
    .action(
      cli.answering(async (id: string, _options: unknown, command: Command) => {
        const options = command.optsWithGlobals<GlobalOptions>()
        const lines = await latestLines(readLogs(await stateDirOf(cli, options), { traceId: id }), mostLines)
        const [traceId, ...others] = new Set(lines.flatMap(line => line.traceId ?? []))
        if (others.length > 0)
          throw new ToolkitError('USAGE_TRACE', `${others.length + 1} traces begin with ${id}`, {
            hint: 'give more of the id',
          })
        const spans = orderSpans(spansOf(lines))
        if (traceId === undefined || spans.length === 0)
          throw new ToolkitError('TRACE_UNKNOWN', `no process has written anything in trace ${id}`, {
            hint: 'see which traces there are: strangler logs --limit 20',
          })
        return {
          document: { traceId, spans },
          exit: 0,
          text: paper => waterfall(traceId, spans, paper),
        }
      }),
    )
}
