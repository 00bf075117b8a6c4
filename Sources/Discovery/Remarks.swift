import Plist

/// Text of the metadata that is shown to people, and to nobody else.
enum Remarks {
    private static let longest = 200

    /// On one line, in ASCII, not endless: nothing that could end a comment or move a cursor.
    static func comment(_ text: String) -> String {
        var shown = ""
        for scalar in text.unicodeScalars.prefix(longest) {
            if scalar.isASCII, scalar.value >= 0x20, scalar.value != 0x7F {
                shown.unicodeScalars.append(scalar)
            } else {
                shown += scalar.properties.isWhitespace ? " " : "?"
            }
        }
        return shown + (text.unicodeScalars.count > longest ? "..." : "")
    }

    static func quoted(_ text: String) -> String { Diagnostic.quote(text) }

    /// The values that are there, in this order.
    static func of(
        _ values: NICValues, _ names: KeyValuePairs<String, String>
    ) -> [DiscoveredInterface.Remark] {
        names.compactMap { key, name in
            guard let text = values.text(key) else { return nil }
            // A list that cannot be read is shown as it is.
            let words = MetadataText.list(text)?.joined(separator: " ") ?? text
            return words.isEmpty ? nil : .init(name, words)
        }
    }
}
