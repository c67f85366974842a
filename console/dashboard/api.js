/** What the server refused or could not do: `code`, `message`, perhaps `hint` and `problems`. */
export class ApiFailure extends Error {
  constructor(status, body) {
    super(body.message ?? `the dashboard answered HTTP ${status}`)
    this.status = status
    this.code = body.code ?? `HTTP_${status}`
    this.hint = body.hint
    this.problems = body.problems ?? []
  }
}

let signedOut = () => {}

/** Called whenever a request finds that there is no session. */
export function onSignedOut(listener) {
  signedOut = listener
}

export const get = path => call('GET', path)
export const post = (path, body) => call('POST', path, body)
export const remove = path => call('DELETE', path, {})

/** The path of a capability's resource. */
export function ofCapability(capability, rest) {
  return `/api/capabilities/${encodeURIComponent(capability)}/${rest}`
}

async function call(method, path, body) {
  let response
  try {
    response = await fetch(path, {
      method,
      ...(body === undefined
        ? {}
        : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
    })
  } catch {
    throw new ApiFailure(0, { code: 'DASHBOARD_UNREACHABLE', message: 'the dashboard does not answer' })
  }
  const answer = await response.json().catch(() => ({}))
  if (response.ok) return answer
  if (response.status === 401 && path !== '/api/session') signedOut()
  throw new ApiFailure(response.status, answer)
}
