import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { Command } from 'commander'
import type { Cli } from '../cli.ts'
import { readSettings } from '../settings/read-settings.ts'
import { readSystemFile } from '../settings/system-file.ts'
import { childSpecs } from '../up/child-specs.ts'
import { runSystem } from '../up/run-system.ts'
import { examples } from './examples.ts'

/** `strangler up`: the system that `strangler init` wrote, in this terminal until Ctrl-C. */
export function addUp(program: Command, cli: Cli): void {
  program
    .command('up')
    .description('Start what system.yaml names, with proxy, engine and dashboard; Ctrl-C stops all of it.')
    .addHelpText(
      'after',
      examples(
        ['strangler up', 'in the folder that strangler init wrote'],
        ['strangler up --json', 'one line of JSON once everything is ready'],
      ),
    )
    .action((_options: unknown, command: Command) => run(command.optsWithGlobals().json === true))

  const run = (json: boolean) =>
    cli.delegating(async () => {
      const { cwd, env, programs, stdout, stderr, signal, token } = cli.surroundings
      const system = await readSystemFile(cwd)
      if (system === undefined)
        throw new ToolkitError('CONFIG_SYSTEM', `there is no system.yaml in ${cwd}`, {
          hint: 'npx strangler init writes one; the sample of the repository starts with: npm start',
        })
      const stateDir = join(cwd, '.strangler')
      const specs = childSpecs({
        folder: cwd,
        stateDir,
        system,
        settings: await readSettings(cwd, env),
        token: token ?? (await readFile(join(stateDir, 'token'), 'utf8').catch(() => '')).trim(),
        programs,
        portal: (await readdir(cwd)).includes('portal.json') ? join(cwd, 'portal.json') : undefined,
        hasPlans: (await readdir(join(cwd, 'plans')).catch(() => [])).some(file => file.endsWith('.ts')),
      })
      const running = await runSystem(stateDir, specs, text => stderr.write(`${text}\n`))
      stdout.write(
        json
          ? `${JSON.stringify({ ready: true, processes: running.processes })}\n`
          : `${Object.entries(running.processes)
              .map(([name, { url }]) => `  ${name.padEnd(12)} ${String(url)}\n`)
              .join('')}ready; Ctrl-C stops everything\n`,
      )
      const stop = () => void running.stop()
      if (signal.aborted) stop()
      signal.addEventListener('abort', stop)
      const why = await running.over
      if (why === undefined) return 0
      throw new ToolkitError('SYSTEM_STOPPED', why, { hint: 'the logs are in .strangler/logs' })
    })()
}
