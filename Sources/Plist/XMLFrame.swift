/// An XML element that is open.
struct XMLFrame {
    enum Kind: String {
        case plist, dict, array, key, string, integer, `true`, `false`
        var isCollection: Bool { self == .plist || self == .dict || self == .array }
    }

    var kind: Kind
    var location: SourceLocation
    var text: [UInt8] = []
    var elements: [PlistNode] = []
    var body = DictionaryBody()
    var key: (text: String, location: SourceLocation)?
    var isDamaged = false
    var hasStrayText = false
}
