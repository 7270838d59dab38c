// Raw requests with a chunked body (RFC 9112 section 7.1), what becomes of each, and why it is refused if it
// is.
private let chunked = post + "Transfer-Encoding: chunked\r\n\r\n"

let acceptedChunks: [RawCase] = [
    RawCase("chunked", chunked + "5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n", "post", "body hello world"),
    RawCase("chunked, upper-case hex", chunked + "A\r\n0123456789\r\n0\r\n\r\n", "post", "body 0123456789"),
    RawCase("chunked, any case", post + "Transfer-Encoding: CHUNKED\r\n\r\n0\r\n\r\n", "post", "body "),
    RawCase("leading zeros", chunked + "0001\r\nx\r\n000\r\n\r\n", "post", "body x"),
    RawCase("CR LF as data", chunked + "4\r\n\r\n\r\n\r\n0\r\n\r\n", "post", "body \r\n\r\n"),
    RawCase("extension", chunked + "1;a\r\nx\r\n0;b\r\n\r\n", "post", "body x"),
    RawCase("extensions with values", chunked + "1;a=b;c=\"d;\\\"e\"\r\nx\r\n0\r\n\r\n", "post", "body x"),
    RawCase(
        "blanks in an extension", chunked + "1 ;\ta = b ; c =\t\"\" ;d\r\nx\r\n0\r\n\r\n", "post", "body x"),
    RawCase(
        "longest extension", chunked + "1;" + String(repeating: "a", count: 255) + "\r\nx\r\n0\r\n\r\n",
        "post", "body x"),
    RawCase(
        "trailers", chunked + "1\r\nx\r\n0\r\nA: b\r\nC:\r\n\r\n" + get + "\r\n", "post", "body x", "get",
        "body "),
    RawCase(
        "trailer that looks like framing",
        chunked + "0\r\nContent-Length: 5\r\n\r\n" + get + "\r\n", "post", "body ", "get", "body "),
]

let refusedChunks: [RawCase] = [
    RawCase("chunk size without digits", chunked + "\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size not hexadecimal", chunked + "g\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size with sign", chunked + "+1\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("negative chunk size", chunked + "-1\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size with prefix", chunked + "0x1\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size with underscore", chunked + "1_0\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size overflows", chunked + "10000000000000000\r\n", "post", "400 A chunk must begin"),
    RawCase(
        "chunk size with too many zeros", chunked + "0000000000000001\r\nx", "post",
        "400 A chunk must begin"),
    RawCase("blank before a chunk size", chunked + " 1\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("blank behind a chunk size", chunked + "1 \r\nx\r\n", "post", "400 A chunk extension"),
    RawCase("chunk size ends in LF", chunked + "1\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk size ends in CR CR", chunked + "1\r\rx\r\n", "post", "400 A chunk must begin"),
    RawCase(
        "empty line instead of the last chunk", chunked + "1\r\nx\r\n\r\n", "post", "400 A chunk must begin"),
    RawCase("chunk longer than its size", chunked + "1\r\nxy\r\n", "post", "400 A chunk must end"),
    RawCase("chunk ends in LF", chunked + "1\r\nx\n", "post", "400 A chunk must end"),
    RawCase("chunk ends in CR", chunked + "1\r\nx\r0\r\n\r\n", "post", "400 A chunk must end"),
    RawCase("LF in a chunk extension", chunked + "1;a\nb\r\nx\r\n", "post", "400 A chunk extension"),
    RawCase("CR in a chunk extension", chunked + "1;a\rb\r\nx\r\n", "post", "400 A chunk must begin"),
    RawCase("NUL in a chunk extension", chunked + "1;a=\"\0\"\r\nx\r\n", "post", "400 A chunk extension"),
    RawCase("chunk extension without name", chunked + "1;\r\nx\r\n", "post", "400 A chunk extension"),
    RawCase("chunk extension without value", chunked + "1;a=\r\nx\r\n", "post", "400 A chunk extension"),
    RawCase("chunk extension with open quote", chunked + "1;a=\"b\r\nx\r\n", "post", "400 A chunk extension"),
    RawCase("chunk extension of two words", chunked + "1;a b\r\nx\r\n", "post", "400 A chunk extension"),
    RawCase(
        "chunk extension too long",
        chunked + "1;" + String(repeating: "a", count: 256) + "\r\n", "post", "400 A chunk extension"),
    RawCase(
        "trailers too large",
        chunked + "0\r\nA: " + String(repeating: "b", count: 9000) + "\r\n\r\n", "post", "431 The trailer"),
    RawCase(
        "many trailers", chunked + "0\r\n" + String(repeating: "A: b\r\n", count: 2000), "post",
        "431 The trailer"),
    RawCase("trailer with LF", chunked + "0\r\nA: b\n\r\n", "post", "400 A trailer"),
    RawCase("trailer with CR", chunked + "0\r\nA: b\rc\r\n\r\n", "post", "400 A trailer"),
    RawCase("trailer with NUL", chunked + "0\r\nA: \0\r\n\r\n", "post", "400 A trailer"),
    RawCase("trailer folded", chunked + "0\r\n A: b\r\n\r\n", "post", "400 A trailer"),
    RawCase("trailer without colon", chunked + "0\r\nA\r\n\r\n", "post", "400 A trailer"),
    RawCase("trailer without name", chunked + "0\r\n: b\r\n\r\n", "post", "400 A trailer"),
    RawCase("blank before a trailer's colon", chunked + "0\r\nA : b\r\n\r\n", "post", "400 A trailer"),
    RawCase("CR CR at the end", chunked + "0\r\n\r\rx", "post", "400 A trailer"),
]
