// Time that passes only where a test says so: a monotonic clock, a device's clock, and timers.

/** Lets everything run that waits for no time: promises, streams, and what they set off. */
export async function settle() {
  for (let round = 0; round < 25; round++) await new Promise((resolve) => setImmediate(resolve))
}

export class VirtualTime {
  #timers = new Map()
  #next = 1
  #now = 5000

  /** How far the device's clock is ahead of the true time, which is EPOCH when the test begins. */
  deviceAhead = 0
  events = new EventTarget()

  static EPOCH = 1_700_000_000_000

  /** The true time, which the server has. */
  get true() {
    return VirtualTime.EPOCH + this.#now - 5000
  }

  /** What the module takes from outside, but `fetch`. */
  environment(random = () => 0.5) {
    return {
      now: () => this.#now,
      wallNow: () => this.true + this.deviceAhead,
      setTimeout: (callback, milliseconds) => {
        this.#timers.set(this.#next, { callback, due: this.#now + Math.max(0, milliseconds), isModules: true })
        return this.#next++
      },
      clearTimeout: (timer) => this.#timers.delete(timer),
      random,
      events: this.events,
    }
  }

  /** How many timers the module has set: none, where all was ended. */
  get timerCount() {
    return [...this.#timers.values()].filter(({ isModules }) => isModules).length
  }

  /** How many timers were ever set. */
  get timersSet() {
    return this.#next
  }

  /** Resolves when so much time has passed; never where the signal aborts before. */
  sleep(milliseconds, signal) {
    return new Promise((resolve) => {
      const timer = this.#next++
      this.#timers.set(timer, { callback: resolve, due: this.#now + milliseconds })
      signal?.addEventListener('abort', () => this.#timers.delete(timer))
    })
  }

  /** Lets so much time pass, timer by timer. */
  async advance(milliseconds) {
    const target = this.#now + milliseconds
    for (;;) {
      await settle()
      const [first] = [...this.#timers].filter(([, { due }]) => due <= target).sort((a, b) => a[1].due - b[1].due)
      if (!first) break
      this.#timers.delete(first[0])
      this.#now = Math.max(this.#now, first[1].due)
      first[1].callback()
    }
    this.#now = target
    await settle()
  }

  /** The device sleeps: time passes, and neither its monotonic clock nor its timers know. */
  doze(milliseconds) {
    this.deviceAhead += milliseconds
  }
}
