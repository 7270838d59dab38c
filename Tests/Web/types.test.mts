// Shows that the types say what a caller relies on: it is compiled by `tsc --strict`, and not run.
import { Channel, Frame, FrameError, Item, Player, Server, ServerError, connect, decode } from '../../Web/syncstreamer.mjs'

export async function use(octets: ArrayBuffer, signal: AbortSignal): Promise<void> {
  const frame: Frame = decode(octets, { order: 'idFirst' })
  const channel: Channel | undefined = frame.channel('a')
  const item: Item | undefined = channel?.items[0]
  const data: Uint8Array | undefined = item?.data
  // @ts-expect-error: it is a view that nobody exchanges.
  if (item) item.data = data

  const server: Server = connect('https://localhost', { secret: 'x', environment: { random: () => 0 } })
  const [entry] = await server.index({ limit: 1, signal })
  const next: Frame = await server.frame(entry.id)
  for await (const { id, startAt } of server.follow({ from: (newest) => newest?.startAt ?? 'live', signal })) {
    console.log(id.length, startAt - next.startAt, server.clock.now(), server.clock.roundTrip)
  }
  // @ts-expect-error: a place is `live` or a time.
  server.follow({ from: 'yesterday' })

  const player = new Player(server, { delay: 'auto', wants: (id, type) => id === type })
  const off: () => void = player.on('item', (one, { id }, dueIn) => console.log(one.timestamp, id, dueIn + player.lag))
  player.on('gap', ({ reason }) => console.log(reason === 'removed'))
  // @ts-expect-error: there is no such event.
  player.on('sound', () => {})
  player.delay = 'auto'
  console.log(player.delay + 1)
  off()

  try {
    const receipt = await server.post('a', { celsius: 21 }, { idempotencyKey: 'k', signal })
    console.log(receipt.accepted, receipt.rejected?.[0].detail)
    await server.postAll('a', [octets], { timestamps: [1] })
  } catch (error) {
    if (error instanceof ServerError) console.log(error.status, error.problem.detail)
    if (error instanceof FrameError) console.log(error.reason, error.offset)
  }
}
