// An encoder of frames, from the format's description alone.

const octetsOf = (data) => (data instanceof Uint8Array ? data : new TextEncoder().encode(data))

/** The octets of a frame: { startAt, endAt, channels: [{ id, type, items: [[timestamp, data]] }] }. */
export function encode({ startAt, endAt, channels = [] }) {
  const parts = channels.map(({ id, type = 'application/json', items = [] }) => ({
    id: octetsOf(id),
    type: octetsOf(type),
    items: items.map(([timestamp, data]) => [timestamp, octetsOf(data)]),
  }))
  const sizes = parts.map(({ items }) => items.reduce((sum, [, data]) => sum + 16 + data.length, 0))
  const metadata = parts.reduce((sum, { id, type }) => sum + 16 + id.length + type.length, 0)
  const size = sizes.reduce((sum, one) => sum + one, 0)
  const octets = new Uint8Array(30 + metadata + size)
  const view = new DataView(octets.buffer)
  view.setUint16(0, 1)
  view.setUint32(2, metadata)
  view.setBigUint64(6, BigInt(size))
  view.setBigUint64(14, BigInt(startAt))
  view.setBigUint64(22, BigInt(endAt))
  let at = 30
  let offset = 0
  parts.forEach(({ id, type }, index) => {
    view.setBigUint64(at, BigInt(offset))
    view.setUint32(at + 8, type.length)
    view.setUint32(at + 12, id.length)
    octets.set(type, at + 16)
    octets.set(id, at + 16 + type.length)
    at += 16 + type.length + id.length
    offset += sizes[index]
  })
  for (const { items } of parts) {
    for (const [timestamp, data] of items) {
      view.setBigUint64(at, BigInt(timestamp))
      view.setBigUint64(at + 8, BigInt(data.length))
      octets.set(data, at + 16)
      at += 16 + data.length
    }
  }
  return octets
}
