import Bytes
import Compression
import HTTP
import WebFiles

/// A file for browsers, which is part of the program (`Web`).
enum WebFile: UInt8, Sendable, CaseIterable {
    case viewerPage, viewerScript, viewerStyle, module, description
}

/// `GET /` and the other files for browsers.
enum WebRoute {
    /// A file as it is sent.
    private struct Forms: Sendable {
        let identity: [UInt8]
        let gzip: [UInt8]?
    }

    /// By the files' numbers; compressed when the first one is asked for, and not once a request.
    private static let forms: [Forms] = WebFile.allCases.map { file in
        let octets =
            switch file {
            case .viewerPage: WebFiles.viewerPage
            case .viewerScript: WebFiles.viewerScript
            case .viewerStyle: WebFiles.viewerStyle
            case .module: WebFiles.module
            case .description: WebFiles.description
            }
        // The page is short, and scanners take a compressed one for a weakness (BREACH, CVE-2013-3587),
        // though nothing in it is secret, or what a request said.
        return Forms(identity: octets, gzip: file == .viewerPage ? nil : compressed(octets.span))
    }

    private static func compressed(_ octets: Span<UInt8>) -> [UInt8]? {
        // Out of memory is its only error, and a file is complete without this form.
        guard var encoder = try? GzipEncoder(level: 9) else { return nil }
        var gzip = Buffer()
        encoder.update(octets, into: &gzip)
        encoder.finish(into: &gzip)
        return gzip.octets.copied()
    }

    static func respond(
        with file: WebFile, _ head: borrowing RequestHead, _ octets: Span<UInt8>,
        _ context: borrowing RequestContext, _ response: inout Response
    ) {
        let forms = forms[Int(file.rawValue)]
        let blocks = context.settings.blocks
        response.status = 200
        response.block =
            switch file {
            case .viewerPage: blocks.page
            case .viewerScript, .module: blocks.script
            case .viewerStyle: blocks.style
            case .description: blocks.index
            }
        if let gzip = forms.gzip, ContentNegotiation.acceptsGzip(head, octets) {
            response.fields.append("Content-Encoding: gzip\r\n")
            response.content = .shared(gzip, 0..<gzip.count)
        } else {
            response.content = .shared(forms.identity, 0..<forms.identity.count)
        }
    }
}
