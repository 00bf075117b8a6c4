/// A line of a shell's language taken apart, and nothing of it executed.
enum ShellWords {
    enum Token: Hashable {
        case word(String)
        /// `;`, `&&`, `||`, `|`, `&`, `(`, `)`.
        case control(String)
    }

    /// Why a line is not taken apart.
    enum Problem: Error, Hashable {
        /// `$(…)`, backticks, `$NAME`: only a shell could tell.
        case needsEvaluation
        case openQuote
    }

    /// - Parameter variables: names whose values are known.
    static func tokens(
        of text: String, variables: [String: String] = [:]
    ) throws(Problem) -> [Token] {
        var reader = Reader(rest: Array(text.unicodeScalars), variables: variables)
        try reader.read()
        return reader.tokens
    }

    /// The value of `KEY=value`, what stands behind it being a comment or nothing.
    ///
    /// - Returns: nil where more words follow.
    static func value(of text: String) throws(Problem) -> String? {
        // An empty value is no word.
        guard text.first != " ", text.first != "\t" else { return "" }
        let tokens = try tokens(of: text)
        guard let first = tokens.first else { return "" }
        guard tokens.count == 1 || tokens.dropFirst().allSatisfy({ $0 == .control(";") }),
            case .word(let word) = first
        else { return nil }
        return word
    }

    private struct Reader {
        var rest: [Unicode.Scalar]
        var variables: [String: String]
        var position = 0
        var tokens: [Token] = []
        var word = String.UnicodeScalarView()
        var hasWord = false
        var isQuoted = false

        init(rest: [Unicode.Scalar], variables: [String: String]) {
            self.rest = rest
            self.variables = variables
        }

        private var next: Unicode.Scalar? {
            position < rest.count ? rest[position] : nil
        }

        private mutating func take() -> Unicode.Scalar? {
            guard position < rest.count else { return nil }
            defer { position += 1 }
            return rest[position]
        }

        private mutating func append(_ scalar: Unicode.Scalar) {
            word.append(scalar)
            hasWord = true
        }

        private mutating func endWord() {
            if hasWord { tokens.append(.word(String(word))) }
            word = .init()
            hasWord = false
            isQuoted = false
        }

        mutating func read() throws(Problem) {
            while let scalar = take() {
                switch scalar {
                case " ", "\t", "\n": endWord()
                case "#" where !hasWord: position = rest.count
                case "'": try readQuote()
                case "\"": try readDoubleQuote()
                case "\\":
                    if let escaped = take(), escaped != "\n" { append(escaped) }
                case "$": try readVariable()
                case "`": throw .needsEvaluation
                case ";", "|", "&", "(", ")": readControl(scalar)
                case ">", "<": try readRedirection()
                default: append(scalar)
                }
            }
            endWord()
        }

        private mutating func readQuote() throws(Problem) {
            hasWord = true
            isQuoted = true
            while let scalar = take() {
                if scalar == "'" { return }
                append(scalar)
            }
            throw .openQuote
        }

        private mutating func readDoubleQuote() throws(Problem) {
            hasWord = true
            isQuoted = true
            while let scalar = take() {
                switch scalar {
                case "\"": return
                case "`": throw .needsEvaluation
                case "$": try readVariable()
                case "\\":
                    guard let escaped = take() else { throw .openQuote }
                    if !["\"", "\\", "$", "`"].contains(escaped), escaped != "\n" { append("\\") }
                    if escaped != "\n" { append(escaped) }
                default: append(scalar)
                }
            }
            throw .openQuote
        }

        /// A `$` that begins nothing is a dollar.
        private mutating func readVariable() throws(Problem) {
            guard let first = next else { return append("$") }
            let isBraced = first == "{"
            func isName(_ scalar: Unicode.Scalar) -> Bool {
                scalar.isASCII
                    && (scalar.properties.isAlphabetic || scalar == "_"
                        || scalar.properties.numericType != nil)
            }
            guard isBraced || isName(first) else {
                if first == " " || first == "\t" || first == "\"" { return append("$") }
                throw .needsEvaluation
            }
            if isBraced { position += 1 }
            var name = ""
            while let scalar = next, isName(scalar) {
                name.unicodeScalars.append(scalar)
                position += 1
            }
            if isBraced, take() != "}" { throw .needsEvaluation }
            guard let value = variables[name] else { throw .needsEvaluation }
            for scalar in value.unicodeScalars { append(scalar) }
        }

        private mutating func readControl(_ scalar: Unicode.Scalar) {
            endWord()
            if scalar == next, scalar == "&" || scalar == "|" || scalar == ";" {
                position += 1
                tokens.append(.control("\(scalar)\(scalar)"))
            } else {
                tokens.append(.control("\(scalar)"))
            }
        }

        /// `2>&1`, `>/dev/null`: where words go is not what they say.
        private mutating func readRedirection() throws(Problem) {
            if !isQuoted, word.allSatisfy({ ("0"..."9").contains($0) }) {
                word = .init()
                hasWord = false
            }
            endWord()
            while let scalar = next, [">", "<", "&", "|", " ", "\t"].contains(scalar) {
                position += 1
            }
            let count = tokens.count
            while let scalar = next, ![" ", "\t", ";", "|", "&", "\n"].contains(scalar) {
                position += 1
                if scalar == "`" || scalar == "$" { throw .needsEvaluation }
            }
            tokens.removeLast(tokens.count - count)
        }
    }
}

extension ShellWords.Problem {
    /// For notes.
    var reason: String {
        switch self {
        case .needsEvaluation: "not evaluated: it needs a shell"
        case .openQuote: "not understood: a quote is left open"
        }
    }
}
