// swift-tools-version: 6.2
import PackageDescription

// Micro-benchmarks of the parts that every request or item goes through; `make bench-micro` runs them. A
// package of its own, so that the server's needs nothing for them. `Sources` is a link to the server's: in
// one package with them, the benchmarks see what is declared `package`.

/// What the server's targets are compiled under.
let house: [SwiftSetting] = [
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "Micro",
    dependencies: [
        .package(url: "https://github.com/ordo-one/benchmark", from: "1.38.0", traits: [])
    ],
    targets: [
        .systemLibrary(name: "CLinux"),
        .systemLibrary(name: "CProcessor"),
        .target(name: "Bytes", dependencies: ["CProcessor"], swiftSettings: house),
        .target(name: "TimeFrame", dependencies: ["Bytes"], swiftSettings: house),
        .target(name: "Posix", dependencies: ["Bytes", "CLinux"], swiftSettings: house),
        .target(name: "HTTP", dependencies: ["Bytes"], swiftSettings: house),
        // Testable, since nothing but the log itself has to do with the assembler.
        .target(
            name: "FrameLog", dependencies: ["Bytes", "TimeFrame", "Posix"],
            swiftSettings: house + [.unsafeFlags(["-enable-testing"])]),
        .executableTarget(
            name: "Parts",
            dependencies: [
                "Bytes", "TimeFrame", "HTTP", "FrameLog", .product(name: "Benchmark", package: "benchmark"),
            ],
            path: "Benchmarks/Parts", swiftSettings: house,
            plugins: [.plugin(name: "BenchmarkPlugin", package: "benchmark")]),
    ],
    swiftLanguageModes: [.v6]
)
