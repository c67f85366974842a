// Runs under the machine's own Node (20 or later), before anything is installed: node:* imports only.
// `node stack/bootstrap.js demo|start|test|bench|kafka [ARG…]` installs what is missing, then hands over to Node 24.
import { spawn, spawnSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath } from 'node:url'

const root = dirname(dirname(fileURLToPath(import.meta.url)))
const node24 = join(root, 'node_modules', 'node', 'bin', 'node')
const mains = {
  demo: 'demo/src/main.ts',
  start: 'stack/src/main.ts',
  test: 'stack/src/test-main.ts',
  bench: 'bench/src/main.ts',
  kafka: 'stack/src/kafka-main.ts',
}

function say(text) {
  process.stderr.write(`${text}\n`)
}

/** Ends with one sentence on what is missing and one on how to get it. */
function giveUp(what, remedy) {
  say(`\n${what}\n→ ${remedy}`)
  process.exit(1)
}

/** Runs a long installation with a moving line on a terminal, plain lines elsewhere; its output shows only when it fails. */
function install(title, command, args, env = {}) {
  return new Promise(resolve => {
    const began = Date.now()
    const child = spawn(command, args, {
      cwd: root,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let output = ''
    let last = ''
    const keep = chunk => {
      output = (output + chunk).slice(-8000)
      last = String(chunk).trim().split('\n').pop() ?? last
    }
    child.stdout.on('data', keep)
    child.stderr.on('data', keep)
    const seconds = () => Math.round((Date.now() - began) / 1000)
    if (!process.stderr.isTTY) say(`${title} …`)
    const tick = setInterval(
      () => {
        if (process.stderr.isTTY)
          process.stderr.write(`\r\u001b[K${title} … ${seconds()} s  ${last.slice(0, 60)}`)
        else say(`${title} … ${seconds()} s`)
      },
      process.stderr.isTTY ? 250 : 15_000,
    )
    const end = ok => {
      clearInterval(tick)
      say(`${process.stderr.isTTY ? '\r\u001b[K' : ''}${title}: ${ok ? 'done' : 'failed'} (${seconds()} s)`)
      if (!ok) say(output.trim())
      resolve(ok)
    }
    child.on('error', error => {
      output += error.message
      end(false)
    })
    child.on('exit', code => end(code === 0))
  })
}

async function ensurePackages() {
  const stamp = join(root, 'node_modules', '.strangler-stamp')
  const wanted = createHash('sha256')
    .update(readFileSync(join(root, 'package-lock.json')))
    .digest('hex')
  if (existsSync(stamp) && readFileSync(stamp, 'utf8') === wanted && existsSync(node24)) return
  const ok = await install('installing npm packages', 'npm', [
    'install',
    '--no-save',
    '--no-audit',
    '--no-fund',
    '--foreground-scripts=false',
  ])
  if (!ok)
    giveUp('npm packages could not be installed.', 'make the npm registry reachable, then run: npm install')
  if (!existsSync(node24))
    giveUp(
      'Node 24 did not arrive with the `node` npm package.',
      'allow its install script (npm install-scripts approve node), then run: npm install',
    )
  writeFileSync(stamp, wanted)
}

function findMariadbd() {
  const path = `${process.env.PATH ?? ''}:/usr/sbin:/usr/local/sbin:/usr/libexec:/opt/homebrew/opt/mariadb/bin`
  return path.split(':').some(folder => folder !== '' && existsSync(join(folder, 'mariadbd')))
}

async function ensureMariadb() {
  if (findMariadbd()) return
  const remedy =
    'install MariaDB 10.11 or later, for example: apt-get install mariadb-server-core mariadb-client-core'
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status !== 0)
    giveUp('`mariadbd` is not on this machine and apt-get is not either.', remedy)
  if (process.getuid?.() !== 0)
    giveUp(
      '`mariadbd` is not on this machine, and only root may install it.',
      `sudo ${remedy.split('example: ')[1]}`,
    )
  // The core package carries the server without a system service, so nothing of it starts by itself.
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
  await install('refreshing the package list', 'apt-get', ['update'], quiet)
  const ok = await install(
    'installing MariaDB',
    'apt-get',
    ['install', '-y', '--no-install-recommends', 'mariadb-server-core', 'mariadb-client-core'],
    quiet,
  )
  if (!ok || !findMariadbd()) giveUp('MariaDB could not be installed.', remedy)
}

/** The browser tests skip themselves, counted, where there is no browser. */
async function ensureChromium() {
  if (existsSync('/usr/bin/chromium')) return
  const possible =
    process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
  if (possible) await install('refreshing the package list', 'apt-get', ['update'], quiet)
  const args = ['install', '-y', '--no-install-recommends', 'chromium']
  if (!possible || !(await install('installing Chromium', 'apt-get', args, quiet)))
    say('no /usr/bin/chromium: the browser tests will be skipped (apt-get install chromium)')
}

/** Kafka needs Java, and Maven to get it. Its tests skip themselves, counted, where either is missing. */
async function ensureJava(isNeeded) {
  const isThere = () =>
    ['java', 'mvn'].every(name => spawnSync(name, ['-version'], { stdio: 'ignore' }).status === 0)
  if (isThere()) return
  const remedy =
    'install Java 17 or later and Maven 3.8, for example: apt-get install openjdk-17-jre-headless maven'
  const possible =
    process.getuid?.() === 0 && spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).status === 0
  const quiet = { DEBIAN_FRONTEND: 'noninteractive' }
  const args = ['install', '-y', '--no-install-recommends', 'maven']
  if (possible) {
    await install('refreshing the package list', 'apt-get', ['update'], quiet)
    await install('installing Java and Maven', 'apt-get', args, quiet)
  }
  if (isThere()) return
  if (isNeeded) giveUp('Kafka needs `java` and `mvn`.', remedy)
  say(`no java and mvn: the tests with Kafka will be skipped (${remedy})`)
}

const [verb, ...args] = process.argv.slice(2)
const main = mains[verb]
if (main === undefined)
  giveUp(`bootstrap knows no “${verb ?? ''}”.`, `one of: ${Object.keys(mains).join(', ')}`)
if (Number(process.versions.node.split('.')[0]) < 20)
  giveUp(`This is Node ${process.versions.node}.`, 'use Node 20 or later')
await ensurePackages()
await ensureMariadb()
if (verb === 'test' && (args.length === 0 || args.includes('e2e'))) await ensureChromium()
if (verb === 'test' && (args.length === 0 || args.includes('e2e'))) await ensureJava(false)
if (verb === 'kafka' || args.includes('--distributed')) await ensureJava(true)

// Its own group would escape Ctrl-C; sharing ours means the terminal's SIGINT reaches both, and only the child acts on it.
const child = spawn(node24, ['--disable-warning=ExperimentalWarning', join(root, main), ...args], {
  cwd: root,
  stdio: 'inherit',
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'])
  process.on(signal, () => signal !== 'SIGINT' && child.kill(signal))
child.on('exit', (code, signal) => process.exit(signal === null ? code : 1))
