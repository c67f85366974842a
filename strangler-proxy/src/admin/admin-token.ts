import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'
import { mkdir, open, readFile } from 'node:fs/promises'
import { dirname, join, resolve } from 'node:path'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** Whether an Authorization header carries the token; takes as long for a wrong one as for a right one. */
export function bearsToken(header: string | undefined, token: string): boolean {
  const given = header?.startsWith('Bearer ') === true ? header.slice(7) : ''
  return timingSafeEqual(digest(given), digest(token)) && given !== ''
}

/**
 * The token in `.strangler/token` beside the configuration; made, readable by its owner only, where it is missing.
 * @throws ToolkitError TOKEN_UNREADABLE
 */
export async function ownToken(configFile: string): Promise<string> {
  const path = join(dirname(resolve(configFile)), '.strangler', 'token')
  try {
    await mkdir(dirname(path), { recursive: true, mode: 0o700 })
    const file = await open(path, 'wx', 0o600)
    try {
      const token = randomBytes(32).toString('base64url')
      await file.writeFile(`${token}\n`)
      return token
    } finally {
      await file.close()
    }
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') {
      const token = (await readFile(path, 'utf8')).trim()
      if (token !== '') return token
    }
    throw new ToolkitError('TOKEN_UNREADABLE', `${path} holds no token and cannot be made`, {
      hint: 'set STRANGLER_TOKEN, or remove that file',
      cause: error,
    })
  }
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest()
}
