import { messageOf, ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** One end of what two processes say to each other: messages that JSON can hold, in order. */
export type Channel = {
  send(message: unknown): void
  onMessage(listener: (message: unknown) => void): void
}

type Calls = Record<string, (...args: never[]) => unknown>
type Handlers<C extends Calls> = {
  [K in keyof C]: (...args: Parameters<C[K]>) => ReturnType<C[K]> | Promise<ReturnType<C[K]>>
}

/** Calls what the other end offers. */
export type Link<Theirs extends Calls> = {
  /** @throws ToolkitError what the other end threw; WORKER_SILENT without an answer in time, WORKER_GONE after `end` */
  call<K extends keyof Theirs & string>(
    method: K,
    args: Parameters<Theirs[K]>,
    withinMs?: number,
  ): Promise<ReturnType<Theirs[K]>>
  /** The same without an answer. */
  tell<K extends keyof Theirs & string>(method: K, args: Parameters<Theirs[K]>): void
  /** The other end is gone: nothing is sent any more, and what is open is given up. */
  end(): void
}

type Failure = { code: string | undefined; message: string; details?: Record<string, unknown>; hint?: string }
type Message =
  | { call: string; args: never[]; id?: number }
  | { reply: number; value: unknown }
  | { reply: number; failure: Failure }

type Waiting = { resolve(value: unknown): void; reject(error: Error): void; timer: NodeJS.Timeout }

const defaultWithinMs = 5_000

/** @param ours what the other end may call here */
export function createLink<Theirs extends Calls, Ours extends Calls>(
  channel: Channel,
  ours: Handlers<Ours>,
): Link<Theirs> {
  const waiting = new Map<number, Waiting>()
  let sequence = 0
  let ended = false

  channel.onMessage(received => {
    const message = received as Message
    if ('call' in message) void answer(message)
    else if ('reply' in message) settle(message)
  })

  async function answer({ call, args, id }: Extract<Message, { call: string }>): Promise<void> {
    let reply: Message | undefined
    try {
      const value = await ours[call]!(...(args as Parameters<Ours[string]>))
      if (id !== undefined) reply = { reply: id, value }
    } catch (error) {
      if (id !== undefined) reply = { reply: id, failure: failureOf(error) }
    }
    if (reply !== undefined && !ended) channel.send(reply)
  }

  function settle(message: Extract<Message, { reply: number }>): void {
    const found = waiting.get(message.reply)
    if (found === undefined) return
    waiting.delete(message.reply)
    clearTimeout(found.timer)
    if ('failure' in message) found.reject(errorOf(message.failure))
    else found.resolve(message.value)
  }

  return {
    call: (method, args, withinMs = defaultWithinMs) =>
      new Promise((resolve, reject) => {
        if (ended) return reject(gone())
        const id = ++sequence
        const timer = setTimeout(() => {
          waiting.delete(id)
          reject(
            new ToolkitError('WORKER_SILENT', `a worker did not answer ${method} within ${withinMs} ms`, {
              hint: 'see the log; a worker that stays silent is replaced',
            }),
          )
        }, withinMs)
        waiting.set(id, { resolve: resolve as (value: unknown) => void, reject, timer })
        channel.send({ call: method, args, id })
      }),
    tell(method, args) {
      if (!ended) channel.send({ call: method, args })
    },
    end() {
      ended = true
      for (const { reject, timer } of waiting.values()) {
        clearTimeout(timer)
        reject(gone())
      }
      waiting.clear()
    },
  }
}

function gone(): ToolkitError {
  return new ToolkitError('WORKER_GONE', 'a worker ended')
}

function failureOf(error: unknown): Failure {
  if (!(error instanceof ToolkitError)) return { code: undefined, message: messageOf(error) }
  const { code, message, details, hint } = error
  return { code, message, details, ...(hint === undefined ? {} : { hint }) }
}

function errorOf({ code, message, details, hint }: Failure): Error {
  if (code === undefined) return new Error(message)
  return new ToolkitError(code, message, {
    ...(details === undefined ? {} : { details }),
    ...(hint === undefined ? {} : { hint }),
  })
}
