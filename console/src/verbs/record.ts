import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { type Json, recordsOf, textOf } from '../render/json-fields.ts'
import { recordingText } from '../render/recording-text.ts'
import { examples } from './examples.ts'
import { adminOption, byOption, capabilityName, listOption, numberBetween, reasonOption } from './options.ts'

type RecordOptions = GlobalOptions & {
  seconds?: number
  sample: number
  redact: readonly string[]
  list?: true
  by: string
  reason: string
}

/** `strangler record [CAPABILITY]`: requests as clients send them, for a comparison before and after a change. */
export function addRecord(program: Command, cli: Cli): void {
  program
    .command('record')
    .description(
      'Record requests at the proxy, secrets hashed, until Ctrl-C; for strangler compare --requests.',
    )
    .argument('[capability]', 'of this capability only (default: every request)', capabilityName)
    .option('--seconds <n>', 'stop by itself', numberBetween(1, 86_400))
    .option('--sample <share>', 'share of the requests, 0 to 1', numberBetween(0, 1), 1)
    .option('--redact <names>', 'fields that are hashed besides those that always are', listOption, [])
    .option('--list', 'show the recordings there are, and record nothing')
    .addOption(reasonOption().default('no reason given'))
    .addOption(byOption(cli.surroundings.user))
    .addOption(adminOption())
    .addHelpText(
      'after',
      examples(
        ['strangler record customers --seconds 600', 'ten minutes of one capability'],
        ['strangler record --sample 0.1 --redact iban --reason "before the upgrade"', 'one request in ten'],
        ['strangler record --list', 'what was recorded, and where it lies'],
      ),
    )
    .action(
      cli.answering(async (capability: string | undefined, _options: unknown, command: Command) => {
        const { seconds, sample, redact, list, by, reason, ...options } =
          command.optsWithGlobals<RecordOptions>()
        const recorder = await cli.recorder(options)
        if (list === true) {
          const document = await recorder.list()
          const all = recordsOf(document.recordings)
          return {
            document,
            exit: 0,
            text: paper =>
              all.length === 0
                ? 'Nothing has been recorded.\n'
                : all.map(one => recordingText(one, paper)).join(''),
          }
        }
        const begun = await recorder.start({ capability, sample, redact, by, reason })
        const id = textOf(begun.id)
        cli.onProgress({ step: 'record', message: `${id}; Ctrl-C ends it` })
        await until(seconds, cli.surroundings.signal)
        const ended: Json = await recorder.stop(id)
        return { document: ended, exit: 0, text: paper => recordingText(ended, paper) }
      }),
    )
}

/** For so many seconds, or for ever; Ctrl-C ends either. */
function until(seconds: number | undefined, signal: AbortSignal): Promise<void> {
  return new Promise(resolve => {
    if (signal.aborted) return resolve()
    const timer = seconds === undefined ? setInterval(() => {}, 60_000) : setTimeout(resolve, seconds * 1_000)
    signal.addEventListener('abort', () => {
      clearTimeout(timer)
      resolve()
    })
  })
}
