import { createServer } from 'node:http'
import { listen } from '@strangler/kit/listen.ts'
import { runMain } from '@strangler/kit/run-main.ts'

/** A process that does nothing but live as all processes of the system live. */
await runMain(process, async env => {
  const server = createServer((_request, response) => response.end('idle'))
  const listening = await listen(server, Number(env.PORT ?? 0))
  return { ready: { url: listening.url }, close: listening.close }
})
