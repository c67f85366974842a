import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A proxy of this machine, started with one worker. */
export type LocalPeer = { name: string; pid: number; port: number; close(): Promise<void> }

type Recipe = {
  name: string
  config(port: number, upstream: URL, folder: string): string
  args(file: string): string[]
}

const recipes: Recipe[] = [
  {
    name: 'haproxy',
    config: (port, upstream) => `global
  nbthread 1
defaults
  mode http
  timeout connect 5s
  timeout client 60s
  timeout server 60s
  http-reuse always
frontend entry
  bind 127.0.0.1:${port}
  default_backend shop
backend shop
  server one ${upstream.host}
`,
    args: file => ['-db', '-f', file],
  },
  {
    name: 'nginx',
    config: (port, upstream, folder) => `worker_processes 1;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  upstream shop { server ${upstream.host}; keepalive 256; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
    args: file => ['-c', file],
  },
]

/** Starts those of haproxy and nginx that this machine has, in front of `upstream`. */
export async function startLocalPeers(upstream: string): Promise<LocalPeer[]> {
  const peers: LocalPeer[] = []
  for (const recipe of recipes) {
    if (spawnSync(recipe.name, ['-v'], { stdio: 'ignore' }).error !== undefined) continue
    const folder = await mkdtemp(join(tmpdir(), `bench-${recipe.name}-`))
    const file = join(folder, 'config')
    const port = await freePort()
    await writeFile(file, recipe.config(port, new URL(upstream), folder))
    const child = spawn(recipe.name, recipe.args(file), { stdio: 'ignore' })
    await untilListening(port)
    peers.push({
      name: recipe.name,
      pid: child.pid ?? 0,
      port,
      async close() {
        const ended = new Promise(resolve => child.once('exit', resolve))
        if (child.exitCode === null) {
          child.kill('SIGTERM')
          await ended
        }
        await rm(folder, { recursive: true, force: true })
      },
    })
  }
  return peers
}

function freePort(): Promise<number> {
  return new Promise(resolve => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address()
      server.close(() => resolve(typeof address === 'object' ? (address?.port ?? 0) : 0))
    })
  })
}

async function untilListening(port: number): Promise<void> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const open = await new Promise(resolve => {
      const socket = connect(port, '127.0.0.1', () => socket.end(() => resolve(true)))
      socket.on('error', () => resolve(false))
    })
    if (open) return
    await new Promise(resolve => setTimeout(resolve, 50))
  }
  throw new Error(`nothing listens on ${port}`)
}
