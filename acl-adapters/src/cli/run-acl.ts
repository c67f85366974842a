import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isToolkitError, messageOf } from '@strangler/kit/toolkit-error.ts'
import type { Contract } from '../contract/contract.ts'
import type { Diagnostic } from '../contract/diagnostic.ts'
import { type Compilation, loadContract } from '../contract/load-contract.ts'
import { openApiDocument } from '../rest-facade/open-api.ts'
import { badUsage, type Flags, namesIn, readArguments } from './acl-arguments.ts'
import { clientGuide } from './client-guide.ts'
import { createLineConverter } from './convert-lines.ts'
import { draftMapping, draftSource } from './draft-mapping.ts'
import { fidelityRefusals, formatInspection, formatRefusals, inspectContract } from './inspect-contract.ts'
import { replayContract } from './replay-contract.ts'
import { serveContract } from './serve-contract.ts'
import { typeScriptClient, typeScriptTypes } from './typescript-source.ts'

/** What the verbs work with; acl-main takes it from the process. */
export type AclSurroundings = {
  /** Lines of stdin. */
  lines: AsyncIterable<string>
  /** @returns when stdout takes more */
  write(text: string): Promise<void>
  writeError(text: string): void
  /** Keeps a server up until a signal comes. */
  untilStopped(): Promise<void>
}

/** Runs `acl VERB WSDL …`. @returns the exit code: 0 done, 1 failed, 2 bad usage or bad WSDL */
export async function runAcl(args: readonly string[], surroundings: AclSurroundings): Promise<number> {
  try {
    const { values, positionals } = readArguments(args)
    const [verb, wsdl, ...more] = positionals[0] === 'acl' ? positionals.slice(1) : positionals
    if (verb === undefined || wsdl === undefined || more.length > 0) throw badUsage('name a verb and a WSDL')
    if (verb === 'inspect') return await inspect(wsdl, values, surroundings)
    const { contract } = loadContract(wsdl, values.root)
    if (verb === 'convert') return await convert(contract, values, surroundings)
    if (verb === 'serve') return await serveContract(contract, values, surroundings)
    if (verb === 'replay') return await replayContract(contract, values, surroundings.write)
    if (verb === 'generate') return await generate(contract, values, surroundings)
    throw badUsage(`there is no verb ${verb}`)
  } catch (error) {
    surroundings.writeError(`${isToolkitError(error) ? `${error.code}: ` : ''}${messageOf(error)}\n`)
    return isToolkitError(error) && /^(USAGE|CONTRACT|MAPPING|SECURITY_FILE)_/.test(error.code) ? 2 : 1
  }
}

async function inspect(wsdl: string, flags: Flags, { write }: AclSurroundings): Promise<number> {
  const { json, root, gate } = flags
  const { inspection, contract, exit } = inspectFile(wsdl, root)
  if (gate !== undefined && contract !== undefined && exit === 0) {
    if (gate !== 'lossless' && gate !== 'lossy') throw badUsage('--gate takes lossless or lossy')
    const only = namesIn(contract, '--operations', flags.operations ?? '')
    const refusals = fidelityRefusals(inspection, only, gate)
    await write(json ? `${JSON.stringify({ ...inspection, refusals })}\n` : formatRefusals(refusals))
    return refusals.length === 0 ? 0 : 3
  }
  await write(json ? `${JSON.stringify(inspection)}\n` : formatInspection(inspection))
  return exit
}

function inspectFile(wsdl: string, root: string | undefined) {
  let compilation: Compilation
  try {
    compilation = loadContract(wsdl, root)
  } catch (error) {
    if (!isToolkitError(error)) throw error
    const problems = (error.details.problems ?? []) as readonly {
      path: string
      message: string
      line?: number
    }[]
    const diagnostics = problems.map(
      ({ path, message, line = 1 }): Diagnostic => ({
        severity: 'error',
        file: path.replace(/:\d+$/, ''),
        line,
        message,
      }),
    )
    return { inspection: { operations: [], diagnostics }, contract: undefined, exit: 2 }
  }
  const { contract, diagnostics } = compilation
  const inspection = inspectContract(contract, diagnostics)
  if (contract.operations.size > 0) return { inspection, contract, exit: 0 }
  const file = contract.documents[0]?.path ?? wsdl
  const message = 'no service of it has a port with a SOAP binding: nothing can be called'
  const said: Diagnostic = { severity: 'error', file, line: 1, message }
  return { inspection: { operations: [], diagnostics: [...diagnostics, said] }, contract, exit: 2 }
}

async function convert(
  contract: Contract,
  { to }: Flags,
  { lines, write }: AclSurroundings,
): Promise<number> {
  if (to !== 'json' && to !== 'xml') throw badUsage('convert needs --to json or --to xml')
  const answer = createLineConverter(contract, to)
  for await (const line of lines) if (line.trim() !== '') await write(`${answer(line)}\n`)
  return 0
}

async function generate(contract: Contract, { out }: Flags, { write }: AclSurroundings): Promise<number> {
  if (out === undefined) throw badUsage('generate needs --out')
  const files: Record<string, string> = {
    'openapi.json': `${JSON.stringify(openApiDocument(contract, []), null, 2)}\n`,
    'types.ts': typeScriptTypes(contract),
    'client.ts': typeScriptClient(contract),
    'mapping-draft.ts': draftSource(draftMapping(contract)),
    'README.md': clientGuide(contract),
  }
  mkdirSync(out, { recursive: true })
  for (const [name, text] of Object.entries(files)) writeFileSync(join(out, name), text)
  await write(`${JSON.stringify({ files: Object.keys(files).map(name => join(out, name)) })}\n`)
  return 0
}
