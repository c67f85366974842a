import { isToolkitError, messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { CommanderError } from 'commander'
import type { Answer, Cli, GlobalOptions, Output, Surroundings } from './cli.ts'
import { findSystem } from './operator/find-system.ts'
import { openEngine, openOperator } from './operator/open-operator.ts'
import { openRecorder } from './operator/proxy-recorder.ts'
import { createProgram } from './program.ts'
import { failureText } from './render/failure.ts'
import type { Json } from './render/json-fields.ts'
import { createPaint, type Paper } from './render/paper.ts'
import { jsonDocument } from './render/plain-text.ts'
import { createProgressView } from './render/progress.ts'

/**
 * Runs one command line. Whatever happens, `--json` leaves exactly one JSON document on stdout.
 * @returns the exit code: 0 done, 1 failed, 2 bad usage or configuration, 3 refused, 4 divergence over the limit
 */
export async function runCli(argv: readonly string[], surroundings: Surroundings): Promise<number> {
  const { stdout, stderr } = surroundings
  const json = argv.includes('--json')
  const progress = createProgressView(stderr, surroundings.elapsed)
  let answer: Answer | undefined
  let delegated = 0
  const find = (options: GlobalOptions) =>
    findSystem({ ...surroundings, state: options.state, admin: options.admin })
  const patience = {
    idleMs: surroundings.idleMs,
    connectMs: surroundings.connectMs,
    signal: surroundings.signal,
  }
  const cli: Cli = {
    surroundings,
    argv,
    answering:
      work =>
      async (...args) => {
        answer = await work(...args)
      },
    delegating: work => async () => {
      delegated = await work()
    },
    operator: async options => openOperator(await find(options), patience, text => stderr.write(`${text}\n`)),
    engine: async (options, verb) => openEngine(await find(options), patience, verb),
    recorder: async options => openRecorder(await find(options), patience),
    onProgress: progress.show,
  }
  try {
    const program = createProgram(cli)
    if (argv.length === 0) program.outputHelp()
    else await program.parseAsync([...argv], { from: 'user' })
    progress.end()
    if (answer === undefined) return delegated
    stdout.write(json ? jsonDocument(answer.document, stdout.terminal) : answer.text(paperOf(stdout)))
    return answer.exit
  } catch (error) {
    progress.end()
    if (error instanceof CommanderError && error.exitCode === 0) return 0
    const failure = failureOf(error, argv)
    if (json) stdout.write(jsonDocument(failure, stdout.terminal))
    else stderr.write(failureText(failure, paperOf(stderr)))
    return exitOf(error)
  }
}

function paperOf({ terminal, width, coloured }: Output): Paper {
  return { width: terminal ? width : Number.POSITIVE_INFINITY, paint: createPaint(coloured) }
}

/** The failure as the document of `--json`. */
function failureOf(error: unknown, argv: readonly string[]): Json {
  if (error instanceof CommanderError) return usageFailure(error, argv)
  const { code, message, hint, details } = isToolkitError(error)
    ? error
    : new ToolkitError('UNEXPECTED', messageOf(error), {
        hint: 'this is a defect of strangler: please report it with the command that you ran',
      })
  return {
    code,
    message,
    ...(hint === undefined ? {} : { hint }),
    ...(Object.keys(details).length === 0 ? {} : { details }),
  }
}

function usageFailure(error: CommanderError, argv: readonly string[]): Json {
  const message =
    error.code === 'commander.help'
      ? 'a verb is missing'
      : error.message.replace(/^error: /, '').replace(/\n+/g, ' ')
  const verb = error.code === 'commander.unknownCommand' ? undefined : argv.find(arg => /^[a-z]+$/.test(arg))
  return {
    code: 'USAGE_INVALID',
    message,
    hint: `npx strangler ${verb === undefined ? '' : `${verb} `}--help shows how it is used`,
  }
}

/** HTTP statuses by which the other end says that what was asked makes no sense. */
const badInput = [400, 404, 413, 415, 422]

function exitOf(error: unknown): number {
  if (error instanceof CommanderError) return 2
  if (!isToolkitError(error)) return 1
  const { status } = error.details
  if (/^(USAGE|CONFIG|TOKEN)_/.test(error.code) || badInput.includes(Number(status))) return 2
  return status === 409 || status === 423 ? 3 : 1
}
