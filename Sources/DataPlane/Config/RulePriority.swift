/// The priorities of rtsetup's own rules.
package enum RulePriority {
    /// `from all lookup main suppress_prefixlength 0 suppress_ifgroup G`.
    package static let shared: UInt32 = 20000
    /// `from SRC lookup TABLE`, unless the file says otherwise.
    package static let source: UInt32 = shared + 1
    /// The same with `MainRoutes = ignore`, before main is asked.
    static let sourceBeforeMain: UInt32 = shared - 1
    /// `from SRC unreachable`.
    package static let failClosed: UInt32 = 25001

    /// What a file may say instead of `source` and `sourceBeforeMain`.
    static func sources(_ mainRoutes: MainRoutes) -> ClosedRange<UInt32> {
        switch mainRoutes {
        case .prefer: source...24999
        case .ignore: 19001...sourceBeforeMain
        }
    }
}
