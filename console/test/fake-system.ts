import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { Output, Surroundings } from '../src/cli.ts'
import { runCli } from '../src/run-cli.ts'

export type Asked = { method: string; path: string; token: string | undefined; body: unknown }
type Handler = (asked: Asked, response: ServerResponse, request: IncomingMessage) => void | Promise<void>

export type FakeServer = AsyncDisposable & { url: string; asked: Asked[] }

/** An HTTP server that keeps what it was asked and answers by `handler`. */
export async function startFake(handler: Handler, port = 0): Promise<FakeServer> {
  const asked: Asked[] = []
  const server = createServer(async (request, response) => {
    let text = ''
    for await (const chunk of request) text += chunk
    const entry = {
      method: request.method!,
      path: request.url!,
      token: request.headers.authorization,
      body: text === '' ? undefined : (JSON.parse(text) as unknown),
    }
    asked.push(entry)
    await handler(entry, response, request)
  })
  server.listen(port, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  }
}

/** Answers every request with this document. */
export function json(document: unknown, status = 200): Handler {
  return (_asked, response) => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(document))
  }
}

/** Answers every request with these lines, as the verbs of the operator API do. */
export function lines(...messages: readonly unknown[]): Handler {
  return (_asked, response) => {
    response.writeHead(200, { 'content-type': 'application/x-ndjson' })
    for (const message of messages) response.write(`${JSON.stringify(message)}\n`)
    response.end()
  }
}

/** An address where nobody listens. */
export async function deafUrl(): Promise<string> {
  const server = await startFake(() => {})
  await server[Symbol.asyncDispose]()
  return server.url
}

export type StateFolder = AsyncDisposable & { folder: string; stateDir: string }

/** A folder with a `.strangler` in it, as a running system leaves it. */
export async function stateFolder(processes: unknown, token = 'secret-token'): Promise<StateFolder> {
  const folder = await mkdtemp(join(tmpdir(), 'strangler-console-'))
  const stateDir = join(folder, '.strangler')
  await mkdir(stateDir)
  if (processes !== undefined) await writeFile(join(stateDir, 'run.json'), JSON.stringify({ processes }))
  if (token !== '') await writeFile(join(stateDir, 'token'), `${token}\n`)
  return {
    folder,
    stateDir,
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  }
}

export type Ran = { exit: number; stdout: string; stderr: string }

/** Runs a command line inside this process, with a terminal only where the test asks for one. */
export async function strangler(
  cwd: string,
  args: readonly string[],
  changes: Partial<Surroundings> & { terminal?: boolean; stderrWritten?(): void } = {},
): Promise<Ran> {
  const written = { stdout: '', stderr: '' }
  const output = (name: 'stdout' | 'stderr'): Output => ({
    write: text => {
      written[name] += text
      if (name === 'stderr') changes.stderrWritten?.()
    },
    terminal: changes.terminal === true,
    width: 100,
    coloured: changes.terminal === true,
  })
  const exit = await runCli(args, {
    cwd,
    user: 'ada',
    uid: process.getuid?.(),
    token: undefined,
    env: {},
    version: '1.2.3',
    nodeVersion: 'v24.0.0',
    stdout: output('stdout'),
    stderr: output('stderr'),
    signal: new AbortController().signal,
    runProxy: async () => 0,
    runAcl: async () => 0,
    ask: async () => ({ exit: 0, stdout: '', stderr: '' }),
    programs: { node: process.execPath, strangler: '', proxy: '', engine: '', dashboard: '' },
    question: undefined,
    now: () => Date.UTC(2026, 0, 2),
    elapsed: () => 0,
    idleMs: 5_000,
    connectMs: 0,
    ...changes,
  })
  return { exit, ...written }
}
