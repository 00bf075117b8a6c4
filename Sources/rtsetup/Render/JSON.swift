import RPSTuner

/// A JSON value. An object keeps its keys in the order in which they were given.
enum JSON: Sendable {
    case null
    case bool(Bool)
    case integer(Int)
    /// Written with four decimals at most.
    case decimal(Double)
    case string(String)
    case array([JSON])
    case members([(key: String, value: JSON)])

    /// An object; keys whose value is nil are left out.
    static func object(_ members: KeyValuePairs<String, JSON?>) -> JSON {
        .object(members.map { ($0, $1) })
    }

    static func object(_ members: [(key: String, value: JSON?)]) -> JSON {
        .members(members.compactMap { key, value in value.map { (key, $0) } })
    }

    /// `null` where there is none.
    static func optional(_ text: String?) -> JSON { text.map { .string($0) } ?? .null }

    static func number(_ value: some BinaryInteger) -> JSON { .integer(Int(clamping: value)) }

    /// `null` where there is none.
    static func decimal(_ value: Double?) -> JSON { value.map { .decimal($0) } ?? .null }

    /// On one line, without blanks.
    var text: String {
        var text = ""
        write(to: &text)
        return text
    }

    private func write(to text: inout String) {
        switch self {
        case .null: text += "null"
        case .bool(let value): text += value ? "true" : "false"
        case .integer(let value): text += String(value)
        case .decimal(let value): text += value.isFinite ? value.text(4) : "null"
        case .string(let value): Self.write(value, to: &text)
        case .array(let values):
            text += "["
            for (index, value) in values.enumerated() {
                if index > 0 { text += "," }
                value.write(to: &text)
            }
            text += "]"
        case .members(let members):
            text += "{"
            for (index, member) in members.enumerated() {
                if index > 0 { text += "," }
                Self.write(member.key, to: &text)
                text += ":"
                member.value.write(to: &text)
            }
            text += "}"
        }
    }

    private static func write(_ string: String, to text: inout String) {
        text += "\""
        defer { text += "\"" }
        guard string.utf8.contains(where: isEscaped) else { return text += string }
        for scalar in string.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..<" ", "\u{7F}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.utf8.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
    }

    private static func isEscaped(_ byte: UInt8) -> Bool {
        switch byte {
        case 0..<0x20, 0x7F, UInt8(ascii: "\""), UInt8(ascii: "\\"): true
        default: false
        }
    }
}
