import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, readFile, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** Kafka and Connect (`libs`, a class path), and the folder in which Connect finds Debezium's connectors. */
export type KafkaJars = { libs: string; plugins: string }

const run = promisify(execFile)
const pom = join(import.meta.dirname, '..', 'kafka', 'pom.xml')
const oldestJava = 17

/**
 * Copies the jars that stack/kafka/pom.xml names below `folder`, out of Maven Central; nothing when they are there.
 * @throws ToolkitError JAVA_MISSING, MAVEN_MISSING, KAFKA_JARS_FAILED
 */
export async function installKafkaJars(
  folder: string,
  onProgress: (message: string) => void = () => {},
): Promise<KafkaJars> {
  await checkJava()
  const jars = { libs: join(folder, 'libs'), plugins: join(folder, 'plugins') }
  const marker = join(folder, 'installed')
  const wanted = createHash('sha256')
    .update(await readFile(pom))
    .digest('hex')
  const isThere = [marker, jars.libs, jars.plugins].every(path => existsSync(path))
  if (isThere && (await readFile(marker, 'utf8')) === wanted) return jars
  const maven = await find('mvn')
  if (maven === undefined) {
    throw new ToolkitError('MAVEN_MISSING', '`mvn` is not on this machine', {
      hint: 'install Maven 3.8 or later, for example: apt-get install maven',
    })
  }
  await mkdir(folder, { recursive: true })
  await rm(marker, { force: true })
  await copy(maven, folder, 'libs', jars.libs, onProgress)
  await copy(maven, folder, 'plugins', jars.plugins, onProgress)
  await writeFile(marker, wanted)
  return jars
}

/** Whether this machine has what installKafkaJars needs: the sentence that says what is missing, or undefined. */
export async function whatKafkaLacks(): Promise<string | undefined> {
  try {
    await checkJava()
  } catch (error) {
    return messageOf(error)
  }
  return (await find('mvn')) === undefined ? '`mvn` is not on this machine' : undefined
}

/** A copy that was cut off leaves a folder of another name, so half a class path is never used. */
async function copy(
  maven: string,
  folder: string,
  profile: 'libs' | 'plugins',
  target: string,
  onProgress: (message: string) => void,
): Promise<void> {
  onProgress(profile === 'libs' ? 'getting Kafka and Connect' : "getting Debezium's connectors")
  const partial = `${target}.partial`
  // Connect takes every folder of its plugin path as one plugin.
  const output = profile === 'plugins' ? join(partial, 'debezium') : partial
  await rm(partial, { recursive: true, force: true })
  try {
    await run(
      maven,
      [
        '-B',
        '-ntp',
        '-q',
        '-f',
        pom,
        `-P${profile}`,
        'dependency:copy-dependencies',
        `-DoutputDirectory=${output}`,
      ],
      { maxBuffer: 16 * 1024 * 1024, timeout: 600_000 },
    )
  } catch (error) {
    const log = join(folder, 'mvn.log')
    await writeFile(
      log,
      `${(error as { stdout?: string }).stdout ?? ''}${(error as { stderr?: string }).stderr ?? ''}`,
    )
    throw new ToolkitError('KAFKA_JARS_FAILED', `Maven could not copy the jars of ${profile}`, {
      details: { log },
      hint: `read ${log}; Maven Central, or a mirror of it in ~/.m2/settings.xml, must be reachable`,
      cause: error,
    })
  }
  await rm(target, { recursive: true, force: true })
  await rename(partial, target)
}

async function checkJava(): Promise<void> {
  const java = await find('java')
  const text = java === undefined ? '' : (await run(java, ['-version'])).stderr
  const version = Number(/version "(\d+)/.exec(text)?.[1] ?? 0)
  if (version >= oldestJava) return
  throw new ToolkitError(
    'JAVA_MISSING',
    java === undefined ? '`java` is not on this machine' : `Java ${version} is too old for Kafka`,
    {
      details: { version },
      hint: `install Java ${oldestJava} or later, for example: apt-get install openjdk-17-jre-headless`,
    },
  )
}

async function find(name: string): Promise<string | undefined> {
  try {
    return (await run('sh', ['-c', 'command -v "$1"', 'sh', name])).stdout.trim()
  } catch {
    return undefined
  }
}
