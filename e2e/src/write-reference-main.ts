import { execFileSync } from 'node:child_process'
import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { referencePages } from './reference-pages.ts'

/** Writes every generated page: `node e2e/src/write-reference-main.ts`. */
const root = join(import.meta.dirname, '..', '..')
for (const [path, text] of referencePages()) {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), path.endsWith('.json') ? formatted(path, text) : text)
}

/** As the formatter of the repository would leave it, so that neither undoes the other's work. */
function formatted(path: string, text: string): string {
  const biome = join(root, 'node_modules/.bin/biome')
  return execFileSync(biome, ['format', `--stdin-file-path=${path}`], {
    input: text,
    encoding: 'utf8',
    cwd: root,
  })
}
