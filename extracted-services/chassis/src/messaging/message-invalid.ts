import { ToolkitError } from '@strangler/kit/toolkit-error.ts'

/** What a handler throws when a message can never be handled: it becomes a dead letter without another try. */
export function messageInvalid(message: string): ToolkitError {
  return new ToolkitError('MESSAGE_INVALID', message, {
    hint: 'correct who publishes it, or drop the dead letter',
  })
}
