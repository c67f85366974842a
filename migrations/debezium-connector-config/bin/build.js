#!/usr/bin/env node
// Writes src/ as JavaScript: types stripped, `.ts` in imports turned to `.js`. Runs before packing.
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { stripTypeScriptTypes } from 'node:module'
import { dirname, join } from 'node:path'

const root = join(import.meta.dirname, '..')
const target = process.argv[2] ?? join(root, 'dist')

rmSync(target, { recursive: true, force: true })
for (const name of readdirSync(join(root, 'src'), { recursive: true, encoding: 'utf8' })) {
  if (!name.endsWith('.ts')) continue
  const code = stripTypeScriptTypes(readFileSync(join(root, 'src', name), 'utf8'), { mode: 'strip' })
  const file = join(target, name.replace(/\.ts$/, '.js'))
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, code.replaceAll(/(from '\.[^']*)\.ts'/g, "$1.js'"))
}
