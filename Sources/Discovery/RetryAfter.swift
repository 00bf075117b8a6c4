import Glibc

/// `Retry-After`: seconds, or a date (RFC 9110, 10.2.3).
enum RetryAfter {
    /// - Parameter now: seconds since 1970.
    /// - Returns: nil for what is neither.
    static func duration(_ text: String, now: Int = time(nil)) -> Duration? {
        let text = MetadataText.trimmed(text)
        if !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }) {
            return .seconds(Int(text).map { min($0, longest) } ?? longest)
        }
        return date(text).map { .seconds(max(0, min($0 - now, longest))) }
    }

    /// A day: beyond that it is all the same.
    private static let longest = 86_400

    private static let months = [
        "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
    ]

    /// `Sun, 06 Nov 1994 08:49:37 GMT`, as seconds since 1970.
    private static func date(_ text: String) -> Int? {
        let words = text.split { $0 == " " || $0 == ":" }
        guard words.count == 8, words[7] == "GMT", let month = months.firstIndex(of: "\(words[2])")
        else { return nil }
        let numbers = [words[1], words[3], words[4], words[5], words[6]].compactMap { Int32($0) }
        guard numbers.count == 5, (1970...9999).contains(numbers[1]) else { return nil }
        var parts = tm()
        parts.tm_mday = numbers[0]
        parts.tm_mon = Int32(month)
        parts.tm_year = numbers[1] - 1900
        parts.tm_hour = numbers[2]
        parts.tm_min = numbers[3]
        parts.tm_sec = numbers[4]
        let seconds = timegm(&parts)
        return seconds < 0 ? nil : seconds
    }
}
