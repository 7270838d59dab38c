// A server that stands in for the real one where a test needs faults, or time that doesn't pass by itself. It answers as
// docs say, through a `fetch` of its own: index, frames, time, waiting, event streams, uploads.
import { encode } from './encode.mjs'

const JSON_TYPE = { 'Content-Type': 'application/json' }

/** What a fault may answer. */
export const problem = (status, members = {}, fields = {}) =>
  new Response(JSON.stringify({ type: 'urn:syncstreamer:problem:test', title: 'A test', status, ...members }), {
    status, headers: { 'Content-Type': 'application/problem+json', ...fields },
  })
export const refused = () => {
  throw new TypeError('fetch failed')
}

export class StandIn {
  /** What it has of the live edge: `after`, `events`. */
  has = new Set(['after', 'events'])
  frames = []
  /** Paths asked for, in order. */
  asked = []
  /** Uploads as they came: { channel, query, fields, body }. */
  uploads = []
  /** Called with each request, before it is answered; what is no undefined is the answer. */
  fault = () => undefined
  /** How long each way of a request takes: a number, or a function of the count of requests. */
  latency = 0
  /** How far its clock is ahead of the true time. */
  ahead = 0
  isUp = true
  #removedUpTo = -1
  #waiting = new Set()

  constructor(time) {
    this.time = time
  }

  get now() {
    return this.time.true + this.ahead
  }

  /** Seals a frame. */
  add(startAt, endAt, channels = [{ id: 'a', items: [[startAt, '1']] }]) {
    const entry = { startAt, endAt, id: String(startAt) }
    this.frames.push({ entry, octets: encode({ startAt, endAt, channels }) })
    for (const wake of [...this.#waiting]) wake()
  }

  /** Removes the oldest frames. */
  retire(count) {
    for (const { entry } of this.frames.splice(0, count)) this.#removedUpTo = entry.startAt
  }

  /** Ends every answer that is under way. */
  goDown() {
    this.isUp = false
    for (const wake of [...this.#waiting]) wake()
  }

  get fetch() {
    return async (url, init = {}) => {
      const { pathname, search, searchParams } = new URL(url)
      const path = pathname + search
      this.asked.push(path)
      const way = typeof this.latency === 'function' ? this.latency(this.asked.length) : this.latency
      const { signal } = init
      signal?.throwIfAborted()
      const aborted = new Promise((_, reject) => signal?.addEventListener('abort', () => reject(signal.reason)))
      aborted.catch(() => {})
      const answer = async () => {
        if (way) await this.time.sleep(way, signal)
        if (!this.isUp) refused()
        const response = (await this.fault({ path, init })) ?? (await this.#answer(pathname, searchParams, init))
        if (way) await this.time.sleep(way, signal)
        return response
      }
      return await Promise.race([answer(), aborted])
    }
  }

  async #answer(path, query, init) {
    const fields = new Headers(init.headers)
    if (path === '/time') {
      const at = this.now
      return Response.json({ receivedAt: at, sentAt: at })
    }
    if (path === '/frame') {
      if (fields.get('Accept') === 'text/event-stream' && this.has.has('events')) {
        return this.#events(Number(fields.get('Last-Event-ID')), init.signal)
      }
      return this.#index(query)
    }
    const after = /^\/frame\/after\/(\d+)$/.exec(path)
    if (after && this.has.has('after')) return this.#after(Number(after[1]), Number(query.get('wait')), init.signal)
    const id = /^\/(\d+)$/.exec(path)?.[1]
    if (id) return this.#frame(id)
    const channel = /^\/channel\/(.+)$/.exec(path)?.[1]
    if (channel && init.method === 'POST') {
      const body = new Uint8Array(await new Response(init.body).arrayBuffer())
      this.uploads.push({ channel: decodeURIComponent(channel), query: String(query), fields, body })
      return Response.json({ accepted: 1, frame: '0', receivedAt: this.now })
    }
    return problem(404)
  }

  #index(query) {
    const from = Number(query.get('from') ?? -1)
    const to = Number(query.get('to') ?? Infinity)
    const listed = this.frames.map(({ entry }) => entry).filter(({ startAt, endAt }) => endAt > from && startAt < to)
    return Response.json(listed.reverse().slice(0, Number(query.get('limit') ?? Infinity)))
  }

  #frame(id) {
    const found = this.frames.find(({ entry }) => entry.id === id)
    if (found) return new Response(found.octets, { headers: { 'Content-Type': 'application/octet-stream' } })
    return Number(id) <= this.#removedUpTo ? this.#removed() : problem(404)
  }

  #removed() {
    return problem(410, { earliest: this.frames[0]?.entry.id, latest: this.frames.at(-1)?.entry.id })
  }

  /** Resolves to the frame that follows; to undefined after `milliseconds`, or when the server goes down. */
  async #following(id, milliseconds, signal) {
    const find = () => this.frames.find(({ entry }) => entry.startAt > id)?.entry
    let isOver = false
    if (milliseconds < Infinity) void this.time.sleep(milliseconds, signal).then(() => (isOver = true) && wake?.())
    let wake
    while (!find() && this.isUp && !isOver && !signal?.aborted) {
      await new Promise((resolve) => {
        wake = resolve
        this.#waiting.add(resolve)
        signal?.addEventListener('abort', resolve)
      })
      this.#waiting.delete(wake)
    }
    return this.isUp ? find() : undefined
  }

  async #after(id, seconds, signal) {
    if (id < this.#removedUpTo) return this.#removed()
    const entry = await this.#following(id, seconds * 1000, signal)
    if (!this.isUp) refused()
    return entry ? new Response(JSON.stringify(entry), { headers: JSON_TYPE }) : new Response(null, { status: 204 })
  }

  #events(last, signal) {
    if (last < this.#removedUpTo) return this.#removed()
    const encoder = new TextEncoder()
    const stream = new ReadableStream({
      start: (controller) => controller.enqueue(encoder.encode(': hello\n\n')),
      pull: async (controller) => {
        const entry = await this.#following(last, Infinity, signal)
        if (signal?.aborted) return controller.error(signal.reason)
        if (!entry) return controller.error(new TypeError('terminated'))
        last = entry.startAt
        const text = `event: frame\r\nid: ${entry.id}\ndata: ${JSON.stringify(entry)}\n\n`
        // In two pieces, the way networks cut.
        controller.enqueue(encoder.encode(text.slice(0, 13)))
        controller.enqueue(encoder.encode(text.slice(13)))
      },
    }, { highWaterMark: 0 })
    return new Response(stream, { headers: { 'Content-Type': 'text/event-stream' } })
  }
}
