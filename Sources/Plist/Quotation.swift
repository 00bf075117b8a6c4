extension Diagnostic {
    /// A piece of a file as messages show it: in `'…'`, harmless to a terminal, not endless.
    public static func quote(_ text: some StringProtocol) -> String {
        var shown = "'"
        for (index, scalar) in text.unicodeScalars.enumerated() {
            if index == 60 {
                shown += "…"
                break
            }
            if TextGrammar.isControl(scalar) {
                shown += TextGrammar.escape(scalar)
            } else {
                shown.unicodeScalars.append(scalar)
            }
        }
        return shown + "'"
    }
}
