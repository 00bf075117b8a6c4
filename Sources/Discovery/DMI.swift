import SystemPackage

/// What the firmware says the machine is.
public struct DMI: Hashable, Sendable {
    public var vendor: String
    public var product: String

    public init(vendor: String, product: String) {
        self.vendor = vendor
        self.product = product
    }

    /// - Parameter root: `/sys`. A machine without DMI has empty names.
    public init(root: String) {
        vendor = Self.read(root + "/class/dmi/id/sys_vendor")
        product = Self.read(root + "/class/dmi/id/product_name")
    }

    private static func read(_ path: String) -> String {
        guard
            let file = try? FileDescriptor.open(
                FilePath(path), .readOnly, options: [.nonBlocking, .closeOnExec])
        else { return "" }
        defer { try? file.close() }
        let bytes = [UInt8](unsafeUninitializedCapacity: 256) { buffer, count in
            count = (try? file.read(into: UnsafeMutableRawBufferPointer(buffer))) ?? 0
        }
        return MetadataText.trimmed(String(decoding: bytes, as: UTF8.self))
    }
}
