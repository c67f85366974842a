import { mkdir, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { referencePages } from './reference-pages.ts'

/** Writes every generated page: `node e2e/src/write-reference-main.ts`. */
const root = join(import.meta.dirname, '..', '..')
for (const [path, text] of referencePages()) {
  await mkdir(dirname(join(root, path)), { recursive: true })
  await writeFile(join(root, path), text)
}
