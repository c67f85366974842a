import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Command } from 'commander'
import type { Cli, GlobalOptions } from '../cli.ts'
import { composeDraft } from '../init/compose-draft.ts'
import { copyWsdl, type WsdlCopy } from '../init/copy-wsdl.ts'
import { initFiles } from '../init/init-files.ts'
import { completeOptions, type InitOptions } from '../init/init-options.ts'
import { type ContractOperation, readContract } from '../init/read-contract.ts'
import { writeFiles } from '../init/write-files.ts'
import { initText } from '../render/init-text.ts'
import { examples } from './examples.ts'
import { listOption, numberBetween } from './options.ts'

const shippedFolder = join(import.meta.dirname, '..', '..')

/** `strangler init`: a start for one's own monolith. */
export function addInit(program: Command, cli: Cli): void {
  program
    .command('init')
    .description(
      'Start with a monolith of your own: look at it, and write strangler.yaml, a plan and a service.',
    )
    .option('--dir <dir>', 'where to write', '.')
    .option('--name <capability>', 'the capability that moves first')
    .option('--wsdl <file-or-url>', 'the WSDL of the monolith')
    .option('--base-url <url>', 'where the monolith answers (default: the address in the WSDL)')
    .option(
      '--operations <names>',
      'SOAP operations of the capability, with commas (default: all)',
      listOption,
    )
    .option('--reads <names>', 'those of them that only read; the others write', listOption)
    .option('--routes <routes>', 'REST routes, such as "GET /books/{id},POST /books"', listOption)
    .option('--database <url>', 'the database of the monolith: mysql://user:password@host:port/schema')
    .option('--tables <names>', 'tables of the capability, with commas', listOption)
    .option('--extracted-database <url>', 'where the new service keeps its data (default: a schema beside)')
    .option(
      '--port <n>',
      'of the proxy; the other parts take the ports above it',
      numberBetween(1, 65_500, true),
      8080,
    )
    .option('--force', 'replace files that are there')
    .addHelpText(
      'after',
      examples(
        ['strangler init', 'asks for what it needs'],
        [
          'strangler init --name books --wsdl http://127.0.0.1:9001/soap?wsdl --operations GetBook,AddBook --reads GetBook --database mysql://library:library@127.0.0.1:3306/library --tables BOOK',
          'no questions',
        ],
        [
          'strangler init --name search --base-url http://127.0.0.1:9001 --routes "GET /search"',
          'REST, no data',
        ],
      ),
    )
    .action(
      cli.answering(async (_options: unknown, command: Command) => {
        const { surroundings } = cli
        const options = await completeOptions(
          command.optsWithGlobals<GlobalOptions & InitOptions>(),
          surroundings.question,
        )
        const folder = resolve(surroundings.cwd, options.dir)
        const wsdl =
          options.wsdl === undefined
            ? undefined
            : await copyWsdl(options.wsdl, surroundings.cwd, options.name ?? 'service')
        const contract = wsdl === undefined ? [] : await contractOf(wsdl, cli)
        const draft = await composeDraft(options, wsdl, contract, surroundings.question)
        const files = initFiles(draft, wsdl, {
          schema: await readFile(join(shippedFolder, 'schema/strangler.schema.json'), 'utf8'),
          service: await readFile(join(shippedFolder, 'templates/service-main.mjs'), 'utf8'),
        })
        await requireValid(cli, files.find(({ path }) => path === 'strangler.yaml')?.text ?? '')
        await writeFiles(folder, files, options.force === true)
        const shown = relative(surroundings.cwd, folder)
        const paths = files.map(({ path }) => path)
        return {
          document: { folder, capability: draft.capability, files: paths },
          exit: 0,
          text: paper => initText({ draft, folder: shown, paths }, paper),
        }
      }),
    )
}

/** The adapters read files: the copy is put where they can. */
async function contractOf(wsdl: WsdlCopy, cli: Cli): Promise<ContractOperation[]> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-wsdl-'))
  try {
    for (const [name, text] of wsdl.files) await writeFile(join(folder, name), text)
    return await readContract(join(folder, wsdl.main), args => cli.surroundings.ask('acl', args))
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}

/** @throws ToolkitError CONFIG_INVALID with what `strangler check` says of the file, before anything is written */
async function requireValid(cli: Cli, text: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-check-'))
  try {
    const file = join(folder, 'strangler.yaml')
    await writeFile(file, text)
    const { exit, stdout, stderr } = await cli.surroundings.ask('proxy', ['check', file])
    if (exit !== 0)
      throw new ToolkitError(
        'CONFIG_INVALID',
        `no valid strangler.yaml comes of this:\n${stdout}${stderr}`.trimEnd(),
        {
          hint: 'operations and routes must be named once, as the WSDL or the monolith has them',
        },
      )
  } finally {
    await rm(folder, { recursive: true, force: true })
  }
}
