import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openDatabase } from './database.ts'
import { catalogOperations } from './operations/catalog.ts'
import { customerOperations } from './operations/customers.ts'
import { orderOperations } from './operations/orders.ts'
import { buildShopApp } from './shop-app.ts'
import { createSoapEndpoint } from './soap/soap-endpoint.ts'
import { StartFailure } from './start-failure.ts'
import { loadWsdlDocuments, wsdlFile } from './wsdl-documents.ts'

export type Shop = { url: string; close(): Promise<void> }

export type ShopOptions = {
  databaseUrl: string
  host: string
  /** 0 takes a free one. */
  port: number
  now?: () => Date
  report(operation: string, error: unknown): void
}

const pingFreshMs = 1_000
const drainMs = 5_000

/**
 * Connects, listens and answers where.
 * @throws StartFailure when the database or the port can't be had
 */
export async function startShop(options: ShopOptions): Promise<Shop> {
  const now = options.now ?? (() => new Date())
  const pool = openDatabase(options.databaseUrl)
  try {
    await pool.query('SELECT 1 FROM CUST_MST LIMIT 1').catch((error: unknown) => {
      throw unreachable(options.databaseUrl, error)
    })
    const documents = await loadWsdlDocuments()
    const handlers = {
      ...customerOperations(pool, now),
      ...catalogOperations(pool, now),
      ...orderOperations(pool, now),
    }
    const endpoint = await createSoapEndpoint(wsdlFile, documents.source, handlers, options.report)
    const ready = cachedPing(() => pool.query('SELECT 1'))
    const server = createServer({ requestTimeout: 30_000 }, buildShopApp({ endpoint, documents, ready }))
    await listen(server, options)
    const { port } = server.address() as AddressInfo
    const host = options.host.includes(':') ? `[${options.host}]` : options.host
    return {
      url: `http://${host}:${port}`,
      close: async () => {
        await closeServer(server)
        await pool.end()
      },
    }
  } catch (error) {
    await pool.end()
    throw error
  }
}

/** Asks the database at most once a second, however many ask; a silent database counts as down. */
function cachedPing(ping: () => Promise<unknown>): () => Promise<boolean> {
  let asked = 0
  let answer = Promise.resolve(false)
  return () => {
    if (Date.now() - asked >= pingFreshMs) {
      asked = Date.now()
      const silent = new Promise<boolean>(resolve => setTimeout(() => resolve(false), 2_000).unref())
      answer = Promise.race([
        ping().then(
          () => true,
          () => false,
        ),
        silent,
      ])
    }
    return answer
  }
}

async function listen(server: Server, { host, port }: ShopOptions): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      const reason =
        error.code === 'EADDRINUSE' ? 'is in use by another process' : `can't be listened on (${error.code})`
      reject(new StartFailure(`${host}:${port} ${reason}: free it or set PORT to another port.`, 2))
    })
    server.listen(port, host, () => resolve())
  })
}

async function closeServer(server: Server): Promise<void> {
  const cut = setTimeout(() => server.closeAllConnections(), drainMs)
  await new Promise<void>(resolve => {
    server.close(() => resolve())
    server.closeIdleConnections()
  })
  clearTimeout(cut)
}

function unreachable(databaseUrl: string, error: unknown): StartFailure {
  const { code } = error as { code?: string }
  const { host, pathname } = new URL(databaseUrl)
  const where = `${host}${pathname}`
  if (code === 'ER_NO_SUCH_TABLE')
    return new StartFailure(`The database ${where} has no shop in it: run src/install-main.ts first.`, 1)
  return new StartFailure(
    `The shop's database ${where} can't be reached (${code ?? 'unknown error'}): start it or correct DATABASE_URL.`,
    1,
  )
}
