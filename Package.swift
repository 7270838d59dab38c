// swift-tools-version: 6.2
import PackageDescription

/// Whether the fuzzer is built (`make fuzz`), for which all targets count which of their branches were taken.
let isFuzzing = Context.environment["SYNCSTREAMER_FUZZ"] == "1"

/// The rules every target is compiled under, debug and release.
let house: [SwiftSetting] =
    [
        .strictMemorySafety(),
        .treatAllWarnings(as: .error),
        .enableUpcomingFeature("ExistentialAny"),
        .enableUpcomingFeature("InternalImportsByDefault"),
        .enableUpcomingFeature("MemberImportVisibility"),
        .enableExperimentalFeature("Lifetimes"),
    ] + (isFuzzing ? [.unsafeFlags(["-sanitize=fuzzer"])] : [])

/// The rules of what the event loops are made of. A release build doesn't check at run time that accesses to
/// an object's fields don't overlap, which took a tenth of a loop's instructions; a debug build, and so every
/// unit test, does. The library TimeFrame has no such flag, since SwiftPM takes no dependency that has one.
let serving: [SwiftSetting] =
    house + [.unsafeFlags(["-enforce-exclusivity=unchecked"], .when(configuration: .release))]

/// The fuzzer: in no other build, since it needs libFuzzer's run time.
let fuzzing: [Target] = [
    .systemLibrary(name: "CFuzzer", path: "Fuzz/CFuzzer"),
    .executableTarget(
        name: "fuzz",
        dependencies: [
            "CFuzzer", "Bytes", "TimeFrame", "Posix", "Compression", "HTTP", "HTTP2", "FrameLog", "Server",
        ],
        path: "Fuzz/Runner", swiftSettings: house,
        linkerSettings: [.unsafeFlags(["-sanitize=fuzzer", "-use-ld=lld"])]),
]

let package = Package(
    name: "SyncStreamer",
    products: [
        .library(name: "TimeFrame", targets: ["TimeFrame"]),
        .executable(name: "syncstreamer", targets: ["syncstreamer"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CProcessor"),
        .systemLibrary(name: "COpenSSL", pkgConfig: "openssl", providers: [.apt(["libssl-dev"])]),
        .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
        .systemLibrary(name: "CNghttp2", pkgConfig: "libnghttp2", providers: [.apt(["libnghttp2-dev"])]),
        .systemLibrary(name: "CCurl", pkgConfig: "libcurl", providers: [.apt(["libcurl4-openssl-dev"])]),

        .target(name: "Bytes", dependencies: ["CProcessor"], swiftSettings: house),
        .target(name: "TimeFrame", dependencies: ["Bytes"], swiftSettings: house),
        .target(name: "Posix", dependencies: ["Bytes", "CLinux"], swiftSettings: serving),
        .target(name: "TLS", dependencies: ["Bytes", "COpenSSL"], swiftSettings: serving),
        .target(name: "Compression", dependencies: ["Bytes", "CZlib"], swiftSettings: house),
        .target(name: "HTTP", dependencies: ["Bytes"], swiftSettings: serving),
        .target(name: "HTTP2", dependencies: ["Bytes", "HTTP", "CNghttp2"], swiftSettings: serving),
        .target(name: "FrameLog", dependencies: ["Bytes", "TimeFrame", "Posix"], swiftSettings: serving),
        .target(
            name: "WebFiles", path: "Web", exclude: ["syncstreamer.d.mts"],
            resources: [
                .embedInCode("viewer.html"), .embedInCode("viewer.mjs"), .embedInCode("viewer.css"),
                .embedInCode("syncstreamer.mjs"), .embedInCode("openapi.json"),
            ],
            swiftSettings: house),
        .target(
            name: "Server",
            dependencies: [
                "WebFiles", "Bytes", "TimeFrame", "Posix", "TLS", "Compression", "HTTP", "HTTP2", "FrameLog",
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: serving),
        .target(name: "HTTPClient", dependencies: ["Bytes", "CCurl"], swiftSettings: house),
        .executableTarget(
            name: "syncstreamer",
            dependencies: [
                "Bytes", "TimeFrame", "Posix", "TLS", "Compression", "HTTP", "HTTP2", "Server", "FrameLog",
                "HTTPClient",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),

        .target(name: "SeededGenerator", path: "Tests/SeededGenerator", swiftSettings: house),
        .target(
            name: "SimulatedStorage", dependencies: ["SeededGenerator", "Bytes", "Posix", "FrameLog"],
            path: "Tests/SimulatedStorage", swiftSettings: house),
        .testTarget(
            name: "FrameLogTests", dependencies: ["FrameLog", "SeededGenerator", "SimulatedStorage"],
            swiftSettings: house),
        .testTarget(
            name: "SimulationTests", dependencies: ["Server", "SeededGenerator", "SimulatedStorage"],
            path: "Tests/Simulation", swiftSettings: house),
        .testTarget(name: "HTTP2Tests", dependencies: ["Bytes", "HTTP", "HTTP2"], swiftSettings: house),
        .testTarget(
            name: "HTTPClientTests", dependencies: ["HTTPClient"], exclude: ["local_server.py"],
            swiftSettings: house),
        .testTarget(
            name: "CommandTests",
            dependencies: [
                "syncstreamer", "SeededGenerator", "Bytes", "TimeFrame", "Posix", "Server", "FrameLog",
                "HTTP2",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
            ],
            swiftSettings: house),
    ]
        + ["Bytes", "TimeFrame", "Posix", "TLS", "Compression", "HTTP", "Server"].map { name in
            .testTarget(
                name: name + "Tests", dependencies: [.byName(name: name), "SeededGenerator"],
                swiftSettings: house)
        } + (isFuzzing ? fuzzing : []),
    swiftLanguageModes: [.v6]
)
