import { spawn, spawnSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** A proxy of this machine, started with one worker. */
export type LocalPeer = { name: string; pid: number; port: number; close(): Promise<void> }

type Recipe = {
  name: string
  /** What makes it tell its version and end; `-v` unless given. */
  version?: string
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
master_process off;
daemon off;
pid ${folder}/nginx.pid;
error_log stderr crit;
events { worker_connections 1024; }
http {
  access_log off;
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  keepalive_requests 1000000000;
  upstream shop { server ${upstream.host}; keepalive 256; keepalive_requests 1000000000; }
  server {
    listen 127.0.0.1:${port};
    location / { proxy_pass http://shop; proxy_http_version 1.1; proxy_set_header Connection ""; }
  }
}
`,
    args: file => ['-c', file],
  },
  {
    name: 'envoy',
    version: '--version',
    config: (port, upstream) => `static_resources:
  listeners:
    - address: { socket_address: { address: 127.0.0.1, port_value: ${port} } }
      filter_chains:
        - filters:
            - name: envoy.filters.network.http_connection_manager
              typed_config:
                "@type": type.googleapis.com/envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager
                stat_prefix: bench
                route_config:
                  virtual_hosts:
                    - { name: all, domains: ["*"], routes: [{ match: { prefix: "/" }, route: { cluster: shop } }] }
                http_filters:
                  - name: envoy.filters.http.router
                    typed_config:
                      "@type": type.googleapis.com/envoy.extensions.filters.http.router.v3.Router
  clusters:
    - name: shop
      type: STATIC
      load_assignment:
        cluster_name: shop
        endpoints:
          - lb_endpoints:
              - endpoint: { address: { socket_address: { address: ${upstream.hostname}, port_value: ${upstream.port} } } }
`,
    args: file => ['-c', file, '--concurrency', '1', '--disable-hot-restart', '--log-level', 'off'],
  },
]

/** Starts those of haproxy, nginx and envoy whose program is on PATH, in front of `upstream`. */
export async function startLocalPeers(upstream: string): Promise<{ peers: LocalPeer[]; missing: string[] }> {
  const peers: LocalPeer[] = []
  const missing: string[] = []
  for (const recipe of recipes) {
    if (spawnSync(recipe.name, [recipe.version ?? '-v'], { stdio: 'ignore' }).status !== 0) {
      missing.push(recipe.name)
      continue
    }
    const folder = await mkdtemp(join(tmpdir(), `bench-${recipe.name}-`))
    const file = join(folder, 'config.yaml')
    const port = await freePort()
    await writeFile(file, recipe.config(port, new URL(upstream), folder))
    const child = spawn(recipe.name, recipe.args(file), { stdio: 'ignore' })
    try {
      await untilListening(port)
    } catch (error) {
      child.kill('SIGKILL')
      await Promise.all(peers.map(peer => peer.close()))
      throw error
    }
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
  return { peers, missing }
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
