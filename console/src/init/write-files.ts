import { chmod, mkdir, stat, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'
import type { InitFile } from './init-files.ts'

/**
 * Writes all of the files or, where one of them is there already and `force` is not given, none.
 * @throws ToolkitError CONFIG_EXISTS with every file in the way
 */
export async function writeFiles(folder: string, files: readonly InitFile[], force: boolean): Promise<void> {
  const present: string[] = []
  for (const { path } of files)
    if ((await stat(join(folder, path)).catch(() => undefined)) !== undefined) present.push(path)
  if (present.length > 0 && !force)
    throw new ToolkitError('CONFIG_EXISTS', `already there: ${present.join(', ')}`, {
      details: { folder, files: present },
      hint: 'name another folder with --dir, or replace them with --force',
    })
  for (const { path, text, secret } of files) {
    const target = join(folder, path)
    await mkdir(dirname(target), {
      recursive: true,
      ...(path.startsWith('.strangler/') ? { mode: 0o700 } : {}),
    })
    await writeFile(target, text, secret === true ? { mode: 0o600 } : {})
    // The mode above is that of a new file; one that is replaced keeps its own.
    if (secret === true) await chmod(target, 0o600)
  }
}
