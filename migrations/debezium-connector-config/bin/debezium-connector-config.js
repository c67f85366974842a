#!/usr/bin/env node
// Plain JavaScript, so that a Node that can't run TypeScript says so in a sentence. A published package holds dist/,
// because Node strips no types below node_modules; the repository runs src/ as it is.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

const root = join(import.meta.dirname ?? '.', '..')
const built = join(root, 'dist', 'main.js')
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)

if (major > 22 || (major === 22 && minor >= 18)) {
  await import(pathToFileURL(existsSync(built) ? built : join(root, 'src', 'main.ts')).href)
} else {
  process.stderr.write(
    `debezium-connector-config needs Node 22.18 or later, and this is ${process.versions.node}.\n→ install a newer Node\n`,
  )
  process.exitCode = 1
}
