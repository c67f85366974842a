import { fileURLToPath } from 'node:url'

/** The package's .proto file: the binary form of products, and the gRPC face. */
export const protoFile = fileURLToPath(new URL('../proto/catalog.proto', import.meta.url))
