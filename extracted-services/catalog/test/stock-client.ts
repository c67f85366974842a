import { credentials, makeGenericClientConstructor, type ServiceError } from '@grpc/grpc-js'
import type { GetStockReply } from '../src/grpc/stock-lookup.ts'
import { stockLookupDefinition } from '../src/grpc/stock-lookup.ts'

const Client = makeGenericClientConstructor(stockLookupDefinition, 'StockLookup')

type GetStock = (
  request: { sku: string },
  options: { deadline?: number },
  answer: (error: ServiceError | null, reply: GetStockReply) => void,
) => void

/** One call on a connection of its own; without a deadline when `deadlineMs` is undefined. */
export async function callGetStock(
  target: string,
  sku: string,
  deadlineMs: number | undefined,
): Promise<GetStockReply> {
  const client = new Client(target, credentials.createInsecure())
  try {
    return await new Promise((resolve, reject) => {
      const getStock = client.GetStock as unknown as GetStock
      const options = deadlineMs === undefined ? {} : { deadline: Date.now() + deadlineMs }
      getStock.call(client, { sku }, options, (error, reply) =>
        error === null ? resolve(reply) : reject(error),
      )
    })
  } finally {
    client.close()
  }
}
