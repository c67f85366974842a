#!/usr/bin/env node
// Runs under the machine's own Node (20 or later): node:* imports only. Hands over to src/main.ts under Node 24.
import { spawn } from 'node:child_process'
import { existsSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const workspace = dirname(dirname(fileURLToPath(import.meta.url)))
const pinned = join(dirname(workspace), 'node_modules', 'node', 'bin', 'node')
const recentEnough = Number(process.versions.node.split('.')[0]) >= 24
const node = existsSync(pinned) ? pinned : recentEnough ? process.execPath : undefined

if (node === undefined) {
  giveUp(
    'NODE_TOO_OLD',
    `strangler needs Node 24, and this is Node ${process.versions.node}.`,
    `run npm ci in ${dirname(workspace)}: it brings Node 24 along`,
  )
} else {
  // The channel tells the child of our end, even by kill -9; nothing is sent over it.
  const child = spawn(
    node,
    ['--disable-warning=ExperimentalWarning', join(workspace, 'src', 'main.ts'), ...process.argv.slice(2)],
    { stdio: ['inherit', 'inherit', 'inherit', 'ipc'] },
  )
  // Ctrl-C reaches the child from the terminal as well; what it does on a signal bears a second one.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'])
    process.on(signal, () => child.kill(signal))
  child.on('error', error =>
    giveUp('NODE_UNUSABLE', `Node 24 at ${node} does not start: ${error.message}.`, 'run npm ci again'),
  )
  child.on('exit', (code, signal) => {
    if (signal === null) return process.exit(code ?? 1)
    process.removeAllListeners(signal)
    process.kill(process.pid, signal)
    setTimeout(() => process.exit(1), 1_000)
  })
}

/** One sentence on what is missing, one on what to do; as a JSON document where that was asked for. */
function giveUp(code, message, hint) {
  if (process.argv.includes('--json')) process.stdout.write(`${JSON.stringify({ code, message, hint })}\n`)
  else process.stderr.write(`${message}\n→ ${hint}\n`)
  process.exitCode = 1
}
