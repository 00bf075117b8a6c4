import Netlink

/// The numbers of route tables that have names: iproute2's own and those of `rt_tables`.
struct TableNames {
    private var numbers: [String: UInt32] = [
        "default": RouteTable.default, "main": RouteTable.main, "local": RouteTable.local,
    ]

    /// A number, `0x…` or a name that is known.
    subscript(text: String) -> UInt32? { wordNumber(text) ?? numbers[text] }

    mutating func add(_ name: String, _ number: UInt32) { numbers[name] = number }

    /// Reads `/etc/iproute2/rt_tables`: a number and a name a line.
    mutating func read(_ lines: [Line]) {
        for line in lines {
            let words = line.text.split { $0 == " " || $0 == "\t" }
            guard words.count >= 2, !words[0].hasPrefix("#"),
                let number: UInt32 = wordNumber(String(words[0]))
            else { continue }
            add(String(words[1]), number)
        }
    }
}

/// A number as iproute2 reads it: decimal or `0x…`.
func wordNumber<Number: FixedWidthInteger>(_ text: some StringProtocol) -> Number? {
    // Swift would take a sign.
    guard let first = text.utf8.first, (0x30...0x39).contains(first) else { return nil }
    return text.hasPrefix("0x") ? Number(text.dropFirst(2), radix: 16) : Number(text)
}
