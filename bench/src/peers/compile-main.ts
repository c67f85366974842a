import { loadContract } from '@strangler/acl-adapters/contract/load-contract.ts'

/** Compiles the WSDL at a path, in a process that has done nothing else, and prints how long that took. */
const before = process.threadCpuUsage()
const usedBefore = before.user + before.system
const began = performance.now()
const { contract, diagnostics } = loadContract(process.argv[2]!)
const ms = performance.now() - began
const { user, system } = process.threadCpuUsage()
const cpuMs = (user + system - usedBefore) / 1_000
process.stdin.on('end', () => process.exit()).resume()
process.stdout.write(
  `${JSON.stringify({ ms, cpuMs, operations: contract.operations.size, diagnostics: diagnostics.length })}\n`,
)
