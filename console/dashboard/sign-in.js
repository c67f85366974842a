import { ApiFailure, post } from './api.js'
import { h, replaceContent } from './element.js'
import { failureNote } from './parts.js'

/** Asks for name and token; resolves once a session is open. */
export function signIn(main) {
  return new Promise(resolve => {
    const by = h('input', { id: 'by', name: 'by', autocomplete: 'username', required: true, maxlength: 100 })
    const token = h('input', {
      id: 'token',
      name: 'token',
      type: 'password',
      autocomplete: 'current-password',
      required: true,
    })
    const problem = h('div', {})
    const submit = async event => {
      event.preventDefault()
      try {
        const { by: name } = await post('/api/session', { token: token.value.trim(), by: by.value.trim() })
        resolve(name)
      } catch (error) {
        replaceContent(
          problem,
          failureNote(error instanceof ApiFailure ? error : { code: 'UNEXPECTED', message: error.message }),
        )
        token.select()
        token.focus()
      }
    }
    replaceContent(
      main,
      h(
        'form',
        { class: 'sign-in', onsubmit: submit },
        h('h1', {}, 'Sign in'),
        h(
          'p',
          { class: 'quiet' },
          'Move capabilities from the monolith to services, and back at any moment.',
        ),
        h('label', { for: 'by' }, 'Your name, for the audit log'),
        by,
        h('label', { for: 'token' }, 'Token of the system'),
        token,
        h(
          'p',
          { class: 'hint' },
          'It is in the file ',
          h('code', {}, '.strangler/token'),
          ' where the system was started.',
        ),
        problem,
        h('button', { type: 'submit', class: 'primary' }, 'Sign in'),
      ),
    )
    by.focus()
  })
}
