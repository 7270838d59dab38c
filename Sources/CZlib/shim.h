// Used only by the target Compression.
#ifndef SYNCSTREAMER_CZLIB_H
#define SYNCSTREAMER_CZLIB_H

// zlib never writes through next_in; with this its type says so.
#define ZLIB_CONST
#include <zlib.h>

// 15: the window of 32 KiB that RFC 1951 allows at most. 16 more: the gzip wrapper, RFC 1952, and no other.
#define SYNCSTREAMER_GZIP_WINDOW_BITS (15 + 16)

// deflateInit2 and inflateInit2 are macros, which Swift doesn't import.

static inline int gzipDeflateInit(z_stream *stream, int level) {
    // 8: zlib's own default of memory for its tables, 256 KiB with the window.
    return deflateInit2(stream, level, Z_DEFLATED, SYNCSTREAMER_GZIP_WINDOW_BITS, 8, Z_DEFAULT_STRATEGY);
}

static inline int gzipInflateInit(z_stream *stream) {
    return inflateInit2(stream, SYNCSTREAMER_GZIP_WINDOW_BITS);
}

#endif
