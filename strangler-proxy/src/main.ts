import cluster from 'node:cluster'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { createLog } from '@strangler/kit/log.ts'
import { formatProblem, type Problem } from '@strangler/kit/problem.ts'
import { readEnv } from '@strangler/kit/read-env.ts'
import { describeFailure, runMain, type Started } from '@strangler/kit/run-main.ts'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'
import { z } from 'zod'
import { companionFiles } from './config/companion-files.ts'
import { ownSecret } from './config/own-secret.ts'
import { parseConfig } from './config/parse-config.ts'
import { type Address, type ProxyOptions, startProxy } from './start-proxy.ts'
import { startWorkers } from './start-workers.ts'
import type { TracingOptions } from './tracing/span-exporter.ts'
import type { ForkedWorker } from './workers/worker-pool.ts'

const usage = `proxy --config FILE --listen HOST:PORT [--admin HOST:PORT] [--workers N]
  [--tls-cert FILE --tls-key FILE]
check [FILE] [--json]`

const environment = z.object({
  STRANGLER_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  STRANGLER_VIEWER_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  STRANGLER_REGISTRY_TOKEN: z.string().min(16, 'at least 16 characters').optional(),
  STRANGLER_ADMIN_HOSTS: z.string().optional(),
  STRANGLER_OPERATOR_URL: z.url().optional(),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/ }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: z.string().optional(),
  OTEL_SERVICE_NAME: z.string().min(1).optional(),
})

const [verb, ...args] = process.argv.slice(2)
if (verb === 'check') process.exitCode = await check(args)
else await runMain(process, env => start(verb, args, env))

async function start(
  wanted: string | undefined,
  argv: readonly string[],
  env: NodeJS.ProcessEnv,
): Promise<Started> {
  if (wanted !== 'proxy') throw usageError(`unknown verb ${wanted ?? ''}`)
  const { config, listen, admin, workers, ...tls } = readProxyArguments(argv)
  const given = readEnv(environment, env)
  const count = readWorkers(workers)
  const options: ProxyOptions = {
    config,
    listen: readAddress('--listen', listen),
    admin: readAddress('--admin', admin),
    tls: readTls(tls),
    token: given.STRANGLER_TOKEN ?? (await ownSecret(config, 'token')),
    viewerToken: given.STRANGLER_VIEWER_TOKEN,
    registrantToken: given.STRANGLER_REGISTRY_TOKEN,
    adminHosts: given.STRANGLER_ADMIN_HOSTS?.toLowerCase().split(','),
    // A folder that cannot be written to costs nothing but the equality of samples across a restart.
    redactionKey: await ownSecret(config, 'redaction-key').catch(() => undefined),
    operatorUrl: given.STRANGLER_OPERATOR_URL,
    tracing: readTracing(given),
    log: createLog('proxy'),
  }
  const proxy = await (count === 1
    ? startProxy(options)
    : startWorkers({ ...options, workers: count, fork: forkWorker }))
  process.on('SIGHUP', proxy.reload)
  return { ready: { url: proxy.url, adminUrl: proxy.adminUrl }, close: proxy.close }
}

function readProxyArguments(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        config: { type: 'string', default: 'strangler.yaml' },
        listen: { type: 'string', default: '127.0.0.1:8080' },
        admin: { type: 'string', default: '127.0.0.1:0' },
        workers: { type: 'string', default: '1' },
        'tls-cert': { type: 'string' },
        'tls-key': { type: 'string' },
      },
    }).values
  } catch (error) {
    throw usageError(messageOf(error))
  }
}

function readWorkers(text: string): number {
  if (!/^[1-9]\d?$/.test(text) || Number(text) > 64) throw usageError(`--workers ${text}: 1 to 64`)
  return Number(text)
}

/** cluster hands every connection to one of the workers in turn, and ends them with this process. */
function forkWorker(): ForkedWorker {
  cluster.setupPrimary({ exec: join(import.meta.dirname, 'worker-main.ts'), args: [] })
  const worker = cluster.fork()
  // A message to one that has just died: its end is told by exit.
  worker.on('error', () => {})
  return {
    pid: worker.process.pid ?? 0,
    channel: {
      send: message => void (worker.isConnected() && worker.send(message as object)),
      onMessage: listener => void worker.on('message', listener),
    },
    kill: () => void worker.process.kill('SIGKILL'),
    onExit: listener => void worker.on('exit', (code, signal) => listener(signal || `exit ${code}`)),
  }
}

/** The variables are those of OpenTelemetry; headers are `name=value,name=value`, their values percent-encoded. */
function readTracing(given: z.infer<typeof environment>): TracingOptions | undefined {
  const { OTEL_EXPORTER_OTLP_ENDPOINT: endpoint, OTEL_EXPORTER_OTLP_HEADERS: headers = '' } = given
  if (endpoint === undefined) return undefined
  const pairs = headers
    .split(',')
    .map(pair => pair.split('='))
    .filter(([name]) => name?.trim())
    .map(([name, ...value]) => [name!.trim(), decodeURIComponent(value.join('=').trim())])
  return {
    endpoint,
    headers: Object.fromEntries(pairs),
    service: given.OTEL_SERVICE_NAME ?? 'strangler-proxy',
  }
}

function readTls({ 'tls-cert': certFile, 'tls-key': keyFile }: { 'tls-cert'?: string; 'tls-key'?: string }) {
  if (certFile === undefined && keyFile === undefined) return undefined
  if (certFile === undefined || keyFile === undefined)
    throw usageError('--tls-cert and --tls-key belong together')
  return { certFile, keyFile }
}

/** `127.0.0.1:8080`, `[::1]:8080` or a port alone, which means loopback. */
function readAddress(option: string, text: string): Address {
  const found = /^(?:(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):)?(\d{1,5})$/.exec(text)
  const port = Number(found?.[3])
  if (found === null || port > 65_535)
    throw usageError(`${option} ${text}: HOST:PORT, such as 127.0.0.1:8080`)
  return { host: found[1] ?? found[2] ?? '127.0.0.1', port }
}

function usageError(message: string): ToolkitError {
  return new ToolkitError('USAGE_INVALID', message, { hint: usage })
}

/** Prints every problem of a file; exit code 0 when it has none, else 2. */
async function check(argv: readonly string[]): Promise<number> {
  try {
    const { values, positionals } = parseArgs({
      args: [...argv],
      options: { json: { type: 'boolean', default: false } },
      allowPositionals: true,
    })
    const file = positionals[0] ?? 'strangler.yaml'
    const problems = await problemsOf(file)
    if (values.json)
      process.stdout.write(`${JSON.stringify({ ok: problems.length === 0, file, problems })}\n`)
    else if (problems.length > 0)
      process.stdout.write(`${problems.map(problem => formatProblem(problem, file)).join('\n')}\n`)
    else process.stdout.write(`${file}: ok\n`)
    return problems.length === 0 ? 0 : 2
  } catch (error) {
    process.stderr.write(describeFailure(usageError(messageOf(error))))
    return 2
  }
}

async function problemsOf(file: string): Promise<readonly Problem[]> {
  try {
    return parseConfig(await readFile(file, 'utf8'), companionFiles(file)).problems
  } catch (error) {
    return [{ path: '', message: `cannot be read: ${messageOf(error)}` }]
  }
}
