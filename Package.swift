// swift-tools-version: 6.1
import PackageDescription

let houseStyle: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableUpcomingFeature("MemberImportVisibility"),
]

/// Whoever depends on the libraries may not be given unsafe flags. SwiftPM reads a dependency first
/// from its repository, which has no folder, and then from its checkout.
let isDependency =
    Context.packageDirectory == "/" || Context.packageDirectory.contains("/checkouts/")

/// Generic types are made from what the compiler knows. Made by their names, each would cost a run a
/// search of all the conformances in the binary: an eighth of its instructions.
let quickMetadata: [SwiftSetting] =
    isDependency
    ? []
    : [
        .unsafeFlags(
            ["-Xfrontend", "-disable-concrete-type-metadata-mangled-name-accessors"],
            .when(configuration: .release))
    ]

/// `rtsetup` is one thread, so its modules count references without the processor's locks: 7 % of
/// a run. `scripts/build` asks for it; what `rtdiscover` is made of, and who takes a library, may have
/// threads.
let oneThread: [SwiftSetting] =
    Context.environment["RTSETUP_ONE_THREAD"] == nil
    ? []
    : [.unsafeFlags(["-Xfrontend", "-assume-single-threaded"], .when(configuration: .release))]

/// A run is as short as its start: what the usual runs call stands side by side (`scripts/order`), the
/// C++ libraries that the Swift runtime asks for are linked in, as the loader spends more time on their
/// symbols than on ours, and the program has a fixed address, as forty thousand pointers that are
/// relocated cost a start a sixth of its time. Its stack, its heap and its libraries have none, and
/// `rtdiscover`, which speaks with a network, has none either.
let quickStart: [LinkerSetting] = [
    .unsafeFlags(
        [
            "-use-ld=lld", "-L", "\(Context.packageDirectory)/scripts/link",
            "-Xlinker", "--no-export-dynamic",
            "-Xlinker", "--symbol-ordering-file=\(Context.packageDirectory)/scripts/link/order",
            "-Xlinker", "--no-warn-symbol-ordering",
            "-Xclang-linker", "-static-libgcc", "-Xclang-linker", "-no-pie",
        ], .when(configuration: .release))
]

let package = Package(
    name: "rtsetup",
    products: [
        .library(name: "Netlink", targets: ["Netlink"]),
        .library(name: "RPSTuner", targets: ["RPSTuner"]),
        .library(name: "DataPlane", targets: ["DataPlane"]),
        .executable(name: "rtsetup", targets: ["rtsetup"]),
        .executable(name: "rtdiscover", targets: ["rtdiscover"]),
    ],
    dependencies: [
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.0"),
        .package(url: "https://github.com/apple/swift-log", from: "1.16.0"),
        .package(url: "https://github.com/apple/swift-system", from: "1.6.0"),
        .package(url: "https://github.com/apple/swift-nio", from: "2.100.0"),
        .package(url: "https://github.com/swift-server/async-http-client", from: "1.37.0"),
    ],
    targets: [
        .systemLibrary(
            name: "CNL", pkgConfig: "libnl-route-3.0 libmnl",
            providers: [.apt(["libnl-3-dev", "libnl-route-3-dev", "libmnl-dev"])]),
        .systemLibrary(name: "CExpat", pkgConfig: "expat", providers: [.apt(["libexpat1-dev"])]),
        .target(name: "Plist", dependencies: ["CExpat"], swiftSettings: houseStyle + quickMetadata),
        .target(
            name: "Netlink",
            dependencies: ["CNL", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: houseStyle + quickMetadata),
        .target(
            name: "RPSTuner",
            dependencies: ["Netlink", .product(name: "SystemPackage", package: "swift-system")],
            swiftSettings: houseStyle + quickMetadata + oneThread),
        .target(
            name: "DataPlane",
            dependencies: [
                "CNL", "Plist", "Netlink", "RPSTuner",
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle + quickMetadata + oneThread),
        .target(
            name: "Import",
            dependencies: [
                "DataPlane", "Netlink", "Plist",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle + quickMetadata + oneThread),
        .executableTarget(
            name: "rtsetup",
            dependencies: [
                "DataPlane", "Import", "Netlink", "Plist", "RPSTuner",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "Logging", package: "swift-log"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle + quickMetadata + oneThread, linkerSettings: quickStart),
        // No HTTP: what the clouds serve becomes interfaces, and these a file.
        .target(
            name: "Discovery",
            dependencies: [
                "Plist", "Netlink", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle),
        .executableTarget(
            name: "rtdiscover",
            dependencies: [
                "Discovery", "Plist",
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
                .product(name: "AsyncHTTPClient", package: "async-http-client"),
                .product(name: "NIOCore", package: "swift-nio"),
                .product(name: "NIOHTTP1", package: "swift-nio"),
                .product(name: "NIOPosix", package: "swift-nio"),
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle),
        .testTarget(name: "PlistTests", dependencies: ["Plist"], swiftSettings: houseStyle),
        .testTarget(
            name: "NetlinkTests",
            dependencies: [
                "CNL", "DataPlane", "Netlink", "RPSTuner",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle),
        .testTarget(
            name: "RPSTunerTests",
            dependencies: [
                "Netlink", "RPSTuner", .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle),
        .testTarget(
            name: "DataPlaneTests",
            dependencies: [
                "DataPlane", "Netlink", "Plist", "RPSTuner",
                .product(name: "Logging", package: "swift-log"),
            ],
            exclude: ["Golden"],
            swiftSettings: houseStyle),
        .testTarget(
            name: "ImportTests", dependencies: ["DataPlane", "Import", "Netlink", "Plist"],
            exclude: ["Golden"],
            swiftSettings: houseStyle),
        .testTarget(
            name: "DiscoveryTests",
            dependencies: [
                "Discovery", "DataPlane", "Netlink", "Plist",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle),
        .testTarget(
            name: "rtsetupTests",
            dependencies: [
                "rtsetup", "DataPlane", "Netlink", "Plist", "RPSTuner",
                .product(name: "SystemPackage", package: "swift-system"),
            ],
            swiftSettings: houseStyle),
    ]
)
