import { randomBytes } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** Where a proxy keeps what is its own: `.strangler` beside its configuration. */
export function stateFolder(configFile: string): string {
  return join(dirname(resolve(configFile)), '.strangler')
}

/**
 * The secret in `.strangler/NAME` beside the configuration; made, readable by its owner only, where it is missing.
 * @throws ToolkitError SECRET_UNREADABLE
 */
export async function ownSecret(configFile: string, name: string): Promise<string> {
  const folder = stateFolder(configFile)
  const path = join(folder, name)
  try {
    await mkdir(folder, { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx', 0o600)
    try {
      const secret = randomBytes(32).toString('base64url')
      await file.writeFile(`${secret}\n`)
      return secret
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      const secret = (await readFile(path, 'utf8')).trim()
      if (secret !== '') return secret
    }
    throw new ToolkitError('SECRET_UNREADABLE', `${path} holds no secret and cannot be made`, {
      hint: 'let the proxy write to that folder, or remove that file',
      cause: error,
    })
  }
}
