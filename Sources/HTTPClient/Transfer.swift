import Bytes
import CCurl

/// What one request has brought so far. libcurl's callbacks lead here, all within curl_easy_perform(3).
final class Transfer {
    private(set) var response = HTTPResponse(status: 0)
    /// What the sink threw.
    private(set) var failure: (any Error)?
    private(set) var isTooLarge = false

    private let sink: (any ResponseSink)?
    private let bodyByteCountMax: Int
    private let isCancelled: () -> Bool
    private var hasBegun = false

    init(sink: (any ResponseSink)?, bodyByteCountMax: Int, isCancelled: @escaping () -> Bool) {
        self.sink = sink
        self.bodyByteCountMax = bodyByteCountMax
        self.isCancelled = isCancelled
    }

    /// Has the callbacks of `handle` lead here. The caller keeps this object alive as long as the handle may
    /// call.
    // SAFETY: the comment above says what the caller owes.
    @unsafe
    func attach(to handle: UnsafeMutableRawPointer) {
        // SAFETY: libcurl hands back this address, of an object that `attach`'s caller keeps alive, and
        // octets that are its own during the call.
        let address = unsafe Unmanaged.passUnretained(self).toOpaque()
        unsafe shim_curl_set_pointer(handle, CURLOPT_WRITEDATA, address)
        unsafe shim_curl_set_pointer(handle, CURLOPT_HEADERDATA, address)
        unsafe shim_curl_set_pointer(handle, CURLOPT_XFERINFODATA, address)
        unsafe shim_curl_set_number(handle, CURLOPT_NOPROGRESS, 0)
        unsafe shim_curl_set_receiver(handle, CURLOPT_WRITEFUNCTION) { octets, size, count, address in
            let octets = unsafe Span(_unsafeElements: Transfer.octets(octets, size * count))
            return unsafe Transfer.at(address).take(body: octets) ? size * count : 0
        }
        unsafe shim_curl_set_receiver(handle, CURLOPT_HEADERFUNCTION) { octets, size, count, address in
            let octets = unsafe Span(_unsafeElements: Transfer.octets(octets, size * count))
            unsafe Transfer.at(address).response.take(headerLine: octets)
            return size * count
        }
        unsafe shim_curl_set_progress(handle) { address, _, _, _, _ in
            unsafe Transfer.at(address).isCancelled() ? 1 : 0
        }
    }

    /// Tells the sink of a successful response without content. Returns what it throws.
    func finish() -> (any Error)? {
        begin() ? nil : failure
    }

    /// False ends the transfer.
    private func take(body octets: Span<UInt8>) -> Bool {
        guard let sink, response.isSuccess else { return keep(octets) }
        guard begin() else { return false }
        do {
            try sink.take(octets)
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func begin() -> Bool {
        guard let sink, response.isSuccess, !hasBegun else { return true }
        hasBegun = true
        do {
            try sink.begin(response)
            return true
        } catch {
            failure = error
            return false
        }
    }

    private func keep(_ octets: Span<UInt8>) -> Bool {
        if octets.count > bodyByteCountMax - response.body.count {
            isTooLarge = true
            return false
        }
        response.body.append(copying: octets)
        return true
    }

    // SAFETY: only the callbacks that `attach` sets call these two, with what libcurl gives them.
    @unsafe
    private static func at(_ address: UnsafeMutableRawPointer?) -> Transfer {
        unsafe Unmanaged<Transfer>.fromOpaque(address!).takeUnretainedValue()
    }

    @unsafe
    private static func octets(
        _ start: UnsafeMutablePointer<CChar>?, _ count: Int
    ) -> UnsafeBufferPointer<UInt8> {
        unsafe UnsafeBufferPointer(
            start: UnsafeRawPointer(start)?.assumingMemoryBound(to: UInt8.self), count: count)
    }
}
