import {
  logVerbosity,
  Server,
  ServerCredentials,
  type ServiceDefinition,
  setLogVerbosity,
  type UntypedServiceImplementation,
} from '@grpc/grpc-js'
import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

export type GrpcListening = { url: string; close(): Promise<void> }

/** Requests here are a few bytes; whoever sends more is not asking for stock. */
const requestLimit = 4_096
const drainMs = 5_000

/**
 * Serves one gRPC service, without TLS as the HTTP face.
 * @param port 0 takes a free one
 * @returns `url` as gRPC clients take it: `host:port`
 * @throws ToolkitError PORT_TAKEN
 */
export async function serveGrpc(
  definition: ServiceDefinition,
  handlers: UntypedServiceImplementation,
  port: number,
  host: string,
): Promise<GrpcListening> {
  // Its own lines on stderr are no JSON, and say nothing that errors and statuses don't.
  setLogVerbosity(logVerbosity.NONE)
  const server = new Server({
    'grpc.max_receive_message_length': requestLimit,
    'grpc.max_concurrent_streams': 200,
  })
  server.addService(definition, handlers)
  const shown = host.includes(':') ? `[${host}]` : host
  const bound = await new Promise<number>((resolve, reject) => {
    server.bindAsync(`${shown}:${port}`, ServerCredentials.createInsecure(), (error, actual) => {
      if (error === null) resolve(actual)
      else reject(taken(`${shown}:${port}`, error))
    })
  })
  return { url: `${shown}:${bound}`, close: () => close(server) }
}

async function close(server: Server): Promise<void> {
  const cut = setTimeout(() => server.forceShutdown(), drainMs)
  await new Promise<void>(resolve => server.tryShutdown(() => resolve()))
  clearTimeout(cut)
}

function taken(address: string, cause: Error): ToolkitError {
  return new ToolkitError('PORT_TAKEN', `gRPC can't listen on ${address}`, {
    hint: 'stop the process that listens there, or choose another port',
    cause,
  })
}
