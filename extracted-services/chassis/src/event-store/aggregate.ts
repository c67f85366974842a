/** Something that has happened to an aggregate, as plain data. */
export type DomainEvent = { readonly type: string; readonly data: unknown }

/** How an aggregate's state comes from its events. */
export type Aggregate<State, Event extends DomainEvent> = {
  /** Its streams are called `name-id`. */
  name: string
  initial: State
  evolve(state: State, event: Event): State
  /** The form of events as they are written now: 1, then 2 after the first change that old readers can't take. */
  eventSchema: number
  /** Brings an event of form `from` to form `from + 1`; it is called until the event has the form of now. */
  upcast(event: DomainEvent, from: number): DomainEvent
  /** The form of the state. A snapshot of another form is not read. */
  stateSchema: number
  /** A snapshot is taken whenever the version passes a multiple of this. */
  snapshotEvery: number
}

/** An aggregate as it was read: its state after `version` events. */
export type Loaded<State> = { readonly state: State; readonly version: number }

export function upcastToNow<State, Event extends DomainEvent>(
  aggregate: Aggregate<State, Event>,
  event: DomainEvent,
  written: number,
): Event {
  let current = event
  for (let form = written; form < aggregate.eventSchema; form++) current = aggregate.upcast(current, form)
  // Whatever has been written in a form that upcast leads to now is one of the aggregate's events.
  return current as Event
}
