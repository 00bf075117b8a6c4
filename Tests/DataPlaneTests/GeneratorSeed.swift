import Glibc

/// Where generated cases begin; `RTSETUP_SEED` takes another, to look further.
enum Seed {
    static let base: UInt64 = {
        let seed = getenv("RTSETUP_SEED").flatMap { UInt64(String(cString: $0)) } ?? 20_251_121
        print("RTSETUP_SEED=\(seed)")
        return seed
    }()
}
