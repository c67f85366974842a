import { createInterface } from 'node:readline'
import { runAcl } from './cli/run-acl.ts'

/** `acl VERB WSDL …`: the composition root of the adapters' command line. */
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1))

process.exitCode = await runAcl(process.argv.slice(2), {
  lines: createInterface({ input: process.stdin, crlfDelay: Number.POSITIVE_INFINITY }),
  write: text => new Promise(resolve => process.stdout.write(text, () => resolve())),
  writeError: text => {
    process.stderr.write(text)
  },
  untilStopped: () =>
    new Promise(resolve => {
      for (const signal of ['SIGTERM', 'SIGINT', 'SIGHUP'] as const) process.once(signal, () => resolve())
      if (process.env.STRANGLER_SUPERVISED === '1') process.stdin.on('end', () => resolve()).resume()
    }),
})
// Standard input may still be open, and sockets kept alive would hold the process for seconds.
process.stdout.write('', () => process.exit())
