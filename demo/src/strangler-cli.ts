import { spawn } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'

export type CliResult = { exit: number; json: Record<string, unknown>; ms: number }
export type Cli = (args: readonly string[], onProgress?: (line: string) => void) => Promise<CliResult>

/** Runs `strangler … --json`, the very command that an operator types, against the system of `stateDir`. */
export function createCli(node: string, root: string, stateDir: string, env: NodeJS.ProcessEnv): Cli {
  return (args, onProgress) =>
    new Promise((resolve, reject) => {
      const began = performance.now()
      const child = spawn(node, [join(root, 'console/src/main.ts'), ...args, '--json', '--state', stateDir], {
        env,
        stdio: ['ignore', 'pipe', 'pipe'],
      })
      let stdout = ''
      let stderr = ''
      child.stdout.on('data', chunk => {
        stdout += chunk
      })
      createInterface({ input: child.stderr }).on('line', line => {
        stderr = `${stderr}${line}\n`.slice(-4_000)
        onProgress?.(line)
      })
      child.on('error', reject)
      child.on('close', code => {
        try {
          resolve({
            exit: code ?? 1,
            json: JSON.parse(stdout) as Record<string, unknown>,
            ms: performance.now() - began,
          })
        } catch {
          reject(
            new Error(
              `strangler ${args.join(' ')} gave no JSON (exit ${code}): ${stdout.slice(0, 500)} ${stderr}`,
            ),
          )
        }
      })
    })
}
