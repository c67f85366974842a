import { type Clock, systemClock } from '@strangler/kit/clock.ts'

/** A clock that runs `factor` times as fast as others do, so that minutes pass in a test. */
export function fastClock(factor: number): Clock {
  const [wall, mono] = [systemClock.now(), systemClock.elapsed()]
  const passed = () => (systemClock.elapsed() - mono) * factor
  return {
    now: () => wall + passed(),
    elapsed: () => mono + passed(),
    sleep: (ms, signal) => systemClock.sleep(ms / factor, signal),
  }
}
