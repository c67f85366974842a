import process from 'node:process'
import { databaseUrlOf, explainFailure, StartFailure } from './start-failure.ts'
import { type Shop, startShop } from './start-shop.ts'

function portOf(env: NodeJS.ProcessEnv): number {
  const port = env.PORT ?? '0'
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new StartFailure('PORT must be a number from 0 (any free port) to 65535.', 2)
  return Number(port)
}

function report(operation: string, error: unknown): void {
  const { message, code } = error as { message?: string; code?: string }
  const line = { time: new Date().toISOString(), level: 'error', operation, code, message }
  process.stderr.write(`${JSON.stringify(line)}\n`)
}

function exitWithSignals(shop: Shop): void {
  let stopping = false
  const stop = () => {
    if (stopping) return
    stopping = true
    setTimeout(() => process.exit(1), 10_000).unref()
    shop.close().then(
      () => process.exit(0),
      () => process.exit(1),
    )
  }
  process.on('SIGTERM', stop)
  process.on('SIGINT', stop)
  if (process.env.EXIT_WITH_STDIN === '1')
    process.stdin.on('end', stop).on('close', stop).on('error', stop).resume()
}

try {
  const { env } = process
  const shop = await startShop({
    databaseUrl: databaseUrlOf(env),
    host: env.HOST ?? '127.0.0.1',
    port: portOf(env),
    report,
  })
  exitWithSignals(shop)
  process.stdout.on('error', () => {})
  process.stdout.write(`${JSON.stringify({ ready: true, pid: process.pid, url: shop.url })}\n`)
} catch (error) {
  const { sentence, exitCode } = explainFailure(error)
  process.stderr.write(`${sentence}\n`)
  process.exitCode = exitCode
}
