import type { Command } from 'commander'
import type { Answer, Cli, GlobalOptions } from '../cli.ts'
import type { Json } from '../render/json-fields.ts'
import type { Paper } from '../render/paper.ts'
import { byOption, capabilityName, reasonOption } from './options.ts'
import { verbAnswer } from './verb-answer.ts'

/** A verb of the engine on one capability, accountable by `--by` and `--reason`. */
export function engineVerb(program: Command, cli: Cli, verb: string, description: string): Command {
  return program
    .command(verb)
    .description(description)
    .argument('<capability>', 'a capability with a plan', capabilityName)
    .addOption(reasonOption().default('no reason given'))
    .addOption(byOption(cli.surroundings.user))
}

/** Asks the engine for it, shows its progress, and answers with what it ended with. */
export async function runEngineVerb(
  cli: Cli,
  verb: string,
  capability: string,
  command: Command,
  text: (result: Json, paper: Paper) => string,
): Promise<Answer> {
  const { json: _, state, ...flags } = command.optsWithGlobals<GlobalOptions & Record<string, unknown>>()
  const engine = await cli.engine(state === undefined ? {} : { state }, verb)
  const answer = await engine.verb(verb, capability, flags, cli.onProgress)
  return verbAnswer(verb, capability, answer, text)
}
